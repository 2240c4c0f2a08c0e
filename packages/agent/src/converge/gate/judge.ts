import { formatDuration, type GatePolicy, gateDefaults } from '@shoal/common';
import { above, quantile, total } from '../../observe/traffic/histogram.js';
import type { TrafficWindow } from '../../observe/traffic/window.js';

/** By what a service's traffic after a change is judged. */
export interface GateRules {
  /** How long it is watched, milliseconds; 0: not at all. */
  readonly observeMs: number;
  /** May be added to the share of failed requests before, 0 to 1. */
  readonly maxErrorRateIncrease: number;
  /** Part of the 95th percentile before that may be added to it. */
  readonly maxLatencyIncrease: number;
  /** Fewer requests are no evidence. */
  readonly minRequests: number;
}

/** The rules of an offer, completed. `drains`: the service is taken out of load balancers while it changes. */
export function gateRules(policy: GatePolicy | null | undefined, drains: boolean): GateRules {
  return {
    observeMs: policy?.observeMs ?? (drains ? gateDefaults.drainedObserveMs : 0),
    maxErrorRateIncrease: Number(policy?.maxErrorRateIncrease ?? gateDefaults.maxErrorRateIncrease),
    maxLatencyIncrease: Number(policy?.maxLatencyIncrease ?? gateDefaults.maxLatencyIncrease),
    minRequests: policy?.minRequests ?? gateDefaults.minRequests,
  };
}

/** `watch`: not certain yet. The reason is one sentence with the figures. */
export type Judgment =
  | { readonly verdict: 'watch' }
  | { readonly verdict: 'pass' | 'fail'; readonly reason: string };

/** Added to what the latency may be, seconds: the noise of a service that answers in less than a millisecond. */
const latencyFloor = 0.005;
/** A single bad request is chance. */
const leastBad = 2;

/**
 * Judges the traffic since a change by that before it (undefined: not known). It fails as soon as it is certain: so many requests are bad that the whole
 * time of watching would fail, even if every one that is still expected were good.
 */
export function judge(before: TrafficWindow | undefined, after: TrafficWindow, rules: GateRules): Judgment {
  const problem = errorProblem(before, after, rules) ?? latencyProblem(before, after, rules);
  if (problem !== undefined) return { verdict: 'fail', reason: problem };
  if (after.ms < rules.observeMs) return { verdict: 'watch' };
  return { verdict: 'pass', reason: described(before, after, rules) };
}

function errorProblem(
  before: TrafficWindow | undefined,
  after: TrafficWindow,
  rules: GateRules,
): string | undefined {
  const { requests, errors } = after;
  if (requests < rules.minRequests || errors < leastBad) return undefined;
  const allowed = errorRate(before) + rules.maxErrorRateIncrease;
  const expected = requests + toCome(before?.requests, before, requests, after, rules);
  if (errors <= allowed * expected) return undefined;
  return (
    `${percent(errorRate(after))} of ${requests} requests failed in the ${watched(after)} after the change, ` +
    `${rateBefore(before)} before; at most ${percent(allowed)} may`
  );
}

/** How long it was watched, for people: whole seconds once it is one. */
function watched({ ms }: TrafficWindow): string {
  const unit = ms < 1000 ? 100 : 1000;
  return formatDuration(Math.round(ms / unit) * unit);
}

function latencyProblem(
  before: TrafficWindow | undefined,
  after: TrafficWindow,
  rules: GateRules,
): string | undefined {
  const usual = before === undefined ? undefined : quantile(before.latency, 0.95);
  if (before === undefined || usual === undefined) return undefined;
  const [timedBefore, timed] = [total(before.latency), total(after.latency)];
  if (Math.min(timedBefore, timed) < rules.minRequests) return undefined;
  const allowed = usual * (1 + rules.maxLatencyIncrease) + latencyFloor;
  const slow = above(after.latency, allowed);
  const expected = timed + toCome(timedBefore, before, timed, after, rules);
  if (slow < leastBad || slow <= 0.05 * expected) return undefined;
  return (
    `95 % of ${timed} requests took up to ${milliseconds(quantile(after.latency, 0.95))} in the ${watched(after)} after the change, ` +
    `up to ${milliseconds(usual)} before; up to ${milliseconds(allowed)} is allowed`
  );
}

/** How many more are expected until the time of watching ends: at the faster of the two paces. */
function toCome(
  countBefore: number | undefined,
  before: TrafficWindow | undefined,
  count: number,
  after: TrafficWindow,
  rules: GateRules,
): number {
  const left = Math.max(0, rules.observeMs - after.ms);
  if (left === 0) return 0;
  const paceBefore = before === undefined || before.ms === 0 ? 0 : (countBefore ?? 0) / before.ms;
  const pace = after.ms === 0 ? 0 : count / after.ms;
  return Math.max(paceBefore, pace) * left;
}

function described(before: TrafficWindow | undefined, after: TrafficWindow, rules: GateRules): string {
  const { requests } = after;
  const time = watched(after);
  if (requests === 0) return `no request in ${time}: nothing to judge`;
  if (requests < rules.minRequests)
    return `${requests} requests in ${time}: too few to judge (${rules.minRequests})`;
  const p95 = quantile(after.latency, 0.95);
  const usual = before === undefined ? undefined : quantile(before.latency, 0.95);
  const latency =
    p95 === undefined
      ? ''
      : `, 95 % within ${milliseconds(p95)}${usual === undefined ? '' : ` (${milliseconds(usual)} before)`}`;
  return `${requests} requests in ${time}, ${percent(errorRate(after))} failed (${rateBefore(before)} before)${latency}`;
}

function errorRate(window: TrafficWindow | undefined): number {
  return window === undefined || window.requests === 0 ? 0 : window.errors / window.requests;
}

function rateBefore(before: TrafficWindow | undefined): string {
  if (before === undefined || before.requests === 0) return 'nothing known';
  return `${percent(errorRate(before))} of ${before.requests}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(share < 0.1 ? 2 : 1))} %`;
}

function milliseconds(seconds: number | undefined): string {
  const ms = (seconds ?? 0) * 1000;
  return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`;
}
