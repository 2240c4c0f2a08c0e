import type { Logger } from 'pino';
import type { ObservedService } from '../converge/converger.js';
import { HostSampler, type MetricValues } from './host/host-sampler.js';
import { readServiceMetrics } from './host/service-metrics.js';
import type { Spool } from './spool/spool.js';
import type { Traffic } from './traffic/traffic.js';

/** A sample as it waits in the spool. */
export interface SpooledSample {
  /** Milliseconds since the epoch. */
  readonly t: number;
  readonly m: MetricValues;
}

/** What the collector needs. */
export interface StatCollectorOptions {
  /** Absent in standalone mode: nobody to ship to. */
  readonly spool?: Spool<SpooledSample>;
  /** Time between two samples, milliseconds. */
  readonly intervalMs: number;
  readonly observed: () => readonly ObservedService[];
  readonly traffic?: Traffic;
  readonly logger: Logger;
  readonly sampler?: HostSampler;
  readonly now?: () => number;
}

/** Samples the host and the services' own metrics at a steady pace. While the spool is full, samples are dropped: the newest state matters more. */
export class StatCollector {
  readonly #options: StatCollectorOptions;
  readonly #sampler: HostSampler;
  readonly #now: () => number;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> = Promise.resolve();
  #latest: SpooledSample | undefined;
  #dropped = 0;

  constructor(options: StatCollectorOptions) {
    this.#options = options;
    this.#sampler = options.sampler ?? new HostSampler();
    this.#now = options.now ?? Date.now;
  }

  /** The newest sample. */
  get latest(): SpooledSample | undefined {
    return this.#latest;
  }

  /** Samples that were dropped because the spool was full. */
  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    this.#sampling = this.#sample();
    this.#timer = setInterval(() => {
      this.#sampling = this.#sampling.then(() => this.#sample());
    }, this.#options.intervalMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#sampling;
  }

  async #sample(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    try {
      const m = { ...(await this.#sampler.sample()), ...(await this.#services()), ...agentValues() };
      this.#latest = { t: this.#now(), m };
      const { spool } = this.#options;
      if (spool?.hasRoom === true) await spool.append([{ payload: this.#latest }], this.#abort.signal);
      else if (spool !== undefined) this.#dropped += 1;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#options.logger.warn({ err: error }, 'sampling failed');
    }
  }

  async #services(): Promise<MetricValues> {
    const { traffic, intervalMs } = this.#options;
    const values: MetricValues = { ...traffic?.metrics(intervalMs) };
    for (const { service, metrics } of this.#options.observed()) {
      for (const source of metrics) {
        const found = await readServiceMetrics(source);
        for (const [name, value] of Object.entries(found ?? {})) values[`service.${service}.${name}`] = value;
      }
    }
    return values;
  }
}

function agentValues(): MetricValues {
  return { 'agent.rss_bytes': process.memoryUsage.rss() };
}
