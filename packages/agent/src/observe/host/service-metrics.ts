import { get } from 'node:http';
import type { MetricSource } from '@shoal/common';
import type { MetricValues } from './host-sampler.js';
import { parseKrakendStats } from './krakend-stats.js';

/** Largest answer that is read from a service's metrics page, bytes. */
const maxBytes = 1024 * 1024;
/** Metrics kept of one Prometheus page. */
const maxMetrics = 200;

/** nginx's stub_status page. Undefined: it isn't one. */
export function parseStubStatus(text: string): MetricValues | undefined {
  const match =
    /Active connections: (\d+)\s+server accepts handled requests\s+(\d+) (\d+) (\d+)\s+Reading: (\d+) Writing: (\d+) Waiting: (\d+)/.exec(
      text,
    );
  if (match === null) return undefined;
  const [active, accepted, handled, requests, reading, writing, waiting] = match.slice(1).map(Number);
  if (active === undefined || accepted === undefined || handled === undefined || requests === undefined) {
    return undefined;
  }
  return {
    connections: active,
    accepted_total: accepted,
    handled_total: handled,
    requests_total: requests,
    reading: reading ?? 0,
    writing: writing ?? 0,
    waiting: waiting ?? 0,
  };
}

/** The Prometheus text format, as far as plain numbers go: series of one name are added up; histograms' buckets and quantiles are left out. */
export function parsePrometheus(text: string): MetricValues {
  const values: MetricValues = {};
  for (const match of text.matchAll(/^([a-zA-Z_:][\w:]*)(\{[^\n]*\})? +(\S+)(?: +-?\d+)?$/gm)) {
    const [, name, labels, number] = match;
    if (name === undefined || name.endsWith('_bucket') || labels?.includes('quantile=') === true) continue;
    const value = Number(number);
    if (!Number.isFinite(value)) continue;
    if (!(name in values) && Object.keys(values).length >= maxMetrics) continue;
    values[name] = (values[name] ?? 0) + value;
  }
  return values;
}

const parsers: Readonly<Record<MetricSource['type'], (text: string) => MetricValues | undefined>> = {
  'nginx-stub-status': parseStubStatus,
  prometheus: parsePrometheus,
  krakend: parseKrakendStats,
};

/** Reads a service's own metrics. Undefined when it can't be reached or answers something else. */
export async function readServiceMetrics(
  source: MetricSource,
  timeoutMs = 2000,
): Promise<MetricValues | undefined> {
  const text = await fetchText(source.url, timeoutMs).catch(() => undefined);
  if (text === undefined) return undefined;
  return parsers[source.type](text);
}

function fetchText(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // The whole answer within that time: one that trickles would hold up all sampling.
    const request = get(url, { signal: AbortSignal.timeout(timeoutMs), agent: false }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) request.destroy(new Error('answer too large'));
        else parts.push(chunk);
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
        else reject(new Error(`status ${response.statusCode}`));
      });
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
