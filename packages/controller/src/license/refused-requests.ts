import type { NodeView, StatSeries } from '@shoal/common';
import type { StatStorage } from '../services.js';

/** How far back refusals are warned of, ms. */
const windowMs = 300_000;

/** Samples of one series that are told apart: nodes may take one a second. */
const mostPoints = windowMs / 1000;

const refusedMetric = /^(service\.(.+))\.refused_per_s$/;

/** What a node's service refused for the limit of the lease while the limit bit, requests per second. */
export interface RefusedRequests {
  readonly node: string;
  readonly service: string;
  readonly refused: number;
  /** All that it was asked, the refused ones included. */
  readonly requests: number;
}

/** Who refused requests for the limit of the lease in the last five minutes before `now` (ms since the epoch), by node and service. */
export async function refusedRequests(stats: StatStorage, now: number): Promise<readonly RefusedRequests[]> {
  const since = now - windowMs;
  const fresh = stats.latest().filter(({ at }) => at >= since);
  const refused = new Set(fresh.flatMap(({ values }) => Object.keys(values).filter(isRefusedMetric)));
  if (refused.size === 0) return [];
  const metrics = [...refused].flatMap((metric) => [metric, requestsMetric(metric)]);
  return refusalsOf(await stats.query({ metrics, since, until: now, points: mostPoints }));
}

/** The mean of those samples that tell of refusals: over the whole time a short peak would seem harmless. */
function refusalsOf(series: readonly StatSeries[]): readonly RefusedRequests[] {
  const pointsOf = new Map(series.map(({ node, metric, points }) => [`${node} ${metric}`, points]));
  return series.flatMap(({ node, metric, points }) => {
    const service = refusedMetric.exec(metric)?.[2];
    const some = points.filter(([, value]) => value > 0);
    if (service === undefined || some.length === 0) return [];
    const times = new Set(some.map(([at]) => at));
    const all = (pointsOf.get(`${node} ${requestsMetric(metric)}`) ?? []).filter(([at]) => times.has(at));
    return [{ node, service, refused: mean(some), requests: mean(all) }];
  });
}

/** The same for people, of these nodes. What limited them may have been another lease than the one of now. */
export function refusedWarnings(
  refusals: readonly RefusedRequests[],
  nodes: readonly Pick<NodeView, 'name'>[],
): readonly string[] {
  const names = new Set(nodes.map(({ name }) => name));
  return refusals
    .filter(({ node }) => names.has(node))
    .map(
      ({ node, service, refused, requests }) =>
        `node ${node}: ${service} refused ${rate(refused)} of ${rate(requests)} requests/s within the last 5 min, by the limit of its lease`,
    );
}

function isRefusedMetric(metric: string): boolean {
  return refusedMetric.test(metric);
}

function requestsMetric(metric: string): string {
  return metric.replace(refusedMetric, '$1.requests_per_s');
}

function mean(points: StatSeries['points']): number {
  return points.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, points.length);
}

function rate(perSecond: number): string {
  return perSecond >= 10 ? String(Math.round(perSecond)) : String(Number(perSecond.toPrecision(2)));
}
