import type { MetricValues } from './host-sampler.js';

/** Endpoints, and as many backends, that are told apart; the totals count the others too. */
export const maxNamed: number = 50;
/** Longest endpoint or URL pattern in a metric's name, characters. */
const maxName = 120;

/** What the page says of one endpoint or backend. */
interface Counts {
  requests: number;
  errors: number;
  /** Latency percentiles, nanoseconds. */
  p50?: number;
  p95?: number;
}

const responses = /^krakend\.router\.response\.(.+)\.status\.(\d{3})\.count$/;
const responseTimes = /^krakend\.router\.response\.(.+)\.time\.(50|95)-percentile$/;
const backendRequests =
  /^krakend\.proxy\.requests\.layer\.backend\.name\.(.+)\.complete\.(?:true|false)\.error\.(true|false)$/;
const backendTimes =
  /^krakend\.proxy\.latency\.layer\.backend\.name\.(.+)\.complete\.true\.error\.false\.(50|95)-percentile$/;
const plain: Readonly<Record<string, string>> = {
  'krakend.router.connected-gauge': 'connected',
  'krakend.router.connected-total': 'connected_total',
  'krakend.service.runtime.MemStats.HeapAlloc': 'heap_bytes',
  'krakend.service.runtime.NumGoroutine': 'goroutines',
};

/**
 * KrakenD's `/__stats` (`telemetry/metrics`): requests and errors (5xx of endpoints; failed calls of backends) since its start, and latency
 * percentiles of its last collection period, altogether and by endpoint and backend. Undefined: it isn't that page.
 */
export function parseKrakendStats(text: string): MetricValues | undefined {
  const page = jsonObject(text);
  if (page === undefined) return undefined;
  const endpoints = new Map<string, Counts>();
  const backends = new Map<string, Counts>();
  const values: MetricValues = {};
  for (const [key, value] of Object.entries(page)) {
    if (!key.startsWith('krakend.') || typeof value !== 'number' || !Number.isFinite(value)) continue;
    const name = Object.hasOwn(plain, key) ? plain[key] : undefined;
    if (name !== undefined) values[name] = value;
    else take(key, value, endpoints, backends);
  }
  if (Object.keys(values).length === 0 && endpoints.size === 0 && backends.size === 0) return undefined;
  return { ...values, ...summed(endpoints), ...named('endpoint', endpoints), ...named('backend', backends) };
}

function take(
  key: string,
  value: number,
  endpoints: Map<string, Counts>,
  backends: Map<string, Counts>,
): void {
  const response = responses.exec(key);
  if (response !== null) count(endpoints, response[1], value, Number(response[2]) >= 500);
  const request = backendRequests.exec(key);
  if (request !== null) count(backends, request[1], value, request[2] === 'true');
  const responseTime = responseTimes.exec(key);
  if (responseTime !== null) percentile(endpoints, responseTime, value);
  const backendTime = backendTimes.exec(key);
  if (backendTime !== null) percentile(backends, backendTime, value);
}

function count(counts: Map<string, Counts>, name = '', value: number, failed: boolean): void {
  const of = countsOf(counts, name);
  of.requests += value;
  if (failed) of.errors += value;
}

function percentile(counts: Map<string, Counts>, [, name = '', which]: RegExpExecArray, value: number): void {
  countsOf(counts, name)[which === '50' ? 'p50' : 'p95'] = value;
}

function countsOf(counts: Map<string, Counts>, name: string): Counts {
  let of = counts.get(name);
  if (of === undefined) {
    of = { requests: 0, errors: 0 };
    counts.set(name, of);
  }
  return of;
}

function summed(endpoints: ReadonlyMap<string, Counts>): MetricValues {
  let requests = 0;
  let errors = 0;
  for (const of of endpoints.values()) {
    requests += of.requests;
    errors += of.errors;
  }
  return { requests_total: requests, errors_total: errors };
}

/** By name, so that the same ones are kept at each look. */
function named(kind: 'endpoint' | 'backend', counts: ReadonlyMap<string, Counts>): MetricValues {
  const values: MetricValues = {};
  for (const name of [...counts.keys()].sort().slice(0, maxNamed)) {
    const of = counts.get(name);
    if (of === undefined) continue;
    const prefix = `${kind}.${name.slice(0, maxName)}`;
    values[`${prefix}.requests_total`] = of.requests;
    values[`${prefix}.errors_total`] = of.errors;
    if (of.p50 !== undefined) values[`${prefix}.latency_p50_s`] = of.p50 / 1e9;
    if (of.p95 !== undefined) values[`${prefix}.latency_p95_s`] = of.p95 / 1e9;
  }
  return values;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
