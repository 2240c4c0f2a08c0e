import type { LogSource } from '@shoal/common';
import type { ObservedService } from '../../converge/converger.js';
import { quantile } from './histogram.js';
import { requestOfLine } from './request-of-line.js';
import { ServiceTraffic } from './service-traffic.js';
import type { TrafficReader, TrafficWindow } from './window.js';

/** A log line may be read so much later than it was written, milliseconds: a sample leaves this time out. */
const lateMs = 1000;
/** Longest stretch that a sample tells of, milliseconds. */
const longestSampleMs = 60_000;

/** Counts the requests of the services in force, from the lines of those log sources that say which fields tell of them. */
export class Traffic implements TrafficReader {
  readonly #services = new Map<string, ServiceTraffic>();
  readonly #now: () => number;
  /** Services that tell which requests they refused for the limit of the lease. */
  #refusing: ReadonlySet<string> = new Set();
  #refused = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** These services are observed from now on; what was counted of those that stay is kept. */
  follow(services: readonly ObservedService[]): void {
    const telling = services.filter(({ logs }) => logs.some(({ traffic }) => traffic !== undefined));
    const names = new Set(telling.map(({ service }) => service));
    for (const name of this.#services.keys()) if (!names.has(name)) this.#services.delete(name);
    for (const name of names) if (!this.#services.has(name)) this.#services.set(name, new ServiceTraffic());
    const refusing = telling.filter(({ logs }) => logs.some((log) => log.traffic?.refused !== undefined));
    this.#refusing = new Set(refusing.map(({ service }) => service));
  }

  /** A line of a service's source was read. */
  line(service: string, { parser = 'plain', traffic }: LogSource, text: string): void {
    const counters = this.#services.get(service);
    if (counters === undefined || traffic === undefined) return;
    const now = this.#now();
    const request = requestOfLine(parser, text, traffic, now);
    if (request === undefined) return;
    counters.count(request, now);
    if (request.isRefused) this.#refused += 1;
  }

  window(service: string, since: number, until: number): TrafficWindow | undefined {
    return this.#services.get(service)?.window(since, until);
  }

  lastSeen(service: string): number | undefined {
    return this.#services.get(service)?.lastSeen;
  }

  /** Requests that services refused for the limit of the lease, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Metrics of the last `intervalMs`, by their names in a sample. A service without requests has no error rate and no latency. */
  metrics(intervalMs: number): Record<string, number> {
    const until = this.#now() - lateMs;
    const values: Record<string, number> = {};
    for (const [name, counters] of this.#services) {
      const ms = Math.min(Math.max(intervalMs, 1000), longestSampleMs);
      const { requests, errors, refused, latency } = counters.window(until - ms, until);
      const prefix = `service.${name}`;
      values[`${prefix}.requests_per_s`] = requests / (ms / 1000);
      if (this.#refusing.has(name)) values[`${prefix}.refused_per_s`] = refused / (ms / 1000);
      if (requests > 0) values[`${prefix}.error_rate`] = errors / requests;
      const [p50, p95] = [quantile(latency, 0.5), quantile(latency, 0.95)];
      if (p50 !== undefined) values[`${prefix}.latency_p50_s`] = p50;
      if (p95 !== undefined) values[`${prefix}.latency_p95_s`] = p95;
    }
    return values;
  }
}
