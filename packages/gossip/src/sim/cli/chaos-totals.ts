import { duration, quantiles, secondsOf } from './figures.js';
import type { SeedReport } from './seed-report.js';

/** Median, p99, slowest. */
const SHARES = [0.5, 0.99, 1];

/** Sums over all seeds played. */
export class Totals {
  readonly #failedSeeds: number[] = [];
  readonly #knownAfterMs: number[] = [];
  #passed = 0;
  #faults = 0;
  #packets = 0;
  #virtualMs = 0;
  #deaths = 0;
  #deathBoundMs = 0;
  #slowestConvergenceMs = 0;

  /** Seeds in which an invariant was broken. */
  get failed(): number {
    return this.#failedSeeds.length;
  }

  /** Seeds played. */
  get seeds(): number {
    return this.#passed + this.failed;
  }

  add(report: SeedReport): void {
    if (report.violated === 0) this.#passed++;
    else this.#failedSeeds.push(report.seed);
    this.#faults += report.faults;
    this.#packets += report.packets;
    this.#virtualMs += report.virtualMs;
    this.#deaths += report.deaths;
    this.#knownAfterMs.push(...report.knownAfterMs);
    // Runs to which more nodes were added have a later bound.
    this.#deathBoundMs = Math.max(this.#deathBoundMs, report.deathBoundMs);
    this.#slowestConvergenceMs = Math.max(this.#slowestConvergenceMs, report.convergedMs);
  }

  /** Plain data; detection times are null if no crash was known to all within the bound. */
  toJSON(): Record<string, number | number[] | null> {
    const [median = null, p99 = null, slowest = null] = this.#detection();
    return {
      ...{ passed: this.#passed, failedSeeds: this.#failedSeeds.sort((a, b) => a - b) },
      ...{ faults: this.#faults, packets: this.#packets, virtualMs: this.#virtualMs },
      ...{ deaths: this.#deaths, deathsNotKnownToAll: this.#notKnown, deathBoundMs: this.#deathBoundMs },
      ...{ medianDeathMs: median, p99DeathMs: p99, slowestDeathMs: slowest },
      slowestConvergenceMs: this.#slowestConvergenceMs,
    };
  }

  /** Some lines for people; the last one counts the seeds. */
  describe({ nodes, seconds }: { nodes: number; seconds: number }, wallMs: number): string {
    const failed = this.#failedSeeds.sort((a, b) => a - b);
    const bound = `${(this.#deathBoundMs / 1000).toFixed(0)} s`;
    const lines = [
      `${nodes} nodes, ${seconds} s of faults: ${this.#faults} faults, ${this.#packets} datagrams, ${duration(this.#virtualMs)} of virtual time`,
      `${this.#deaths} crashes followed: known everywhere after ${this.#detectionText()} (median / p99 / slowest; bound ${bound})`,
      ...(this.#notKnown > 0 ? [`${this.#notKnown} of them not known everywhere after ${bound}`] : []),
      `slowest convergence ${(this.#slowestConvergenceMs / 1000).toFixed(1)} s`,
      ...(failed.length > 0 ? [`failed seeds: ${failed.join(' ')}`] : []),
      `${this.seeds} seeds, ${this.#passed} passed, ${failed.length} failed, ${duration(wallMs)}`,
    ];
    return `${lines.join('\n')}\n`;
  }

  get #notKnown(): number {
    return this.#deaths - this.#knownAfterMs.length;
  }

  #detectionText(): string {
    const times = this.#detection();
    return times.length === 0 ? '-' : `${secondsOf(times)} s`;
  }

  #detection(): number[] {
    return quantiles(this.#knownAfterMs, SHARES);
  }
}
