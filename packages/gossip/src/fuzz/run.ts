import { setImmediate } from 'node:timers/promises';
import { knownCases } from './corpus.js';
import { type Crash, Fuzzer } from './fuzzer.js';
import type { SocketFuzzer } from './socket-fuzzer.js';
import { TARGETS } from './targets.js';

/** What to fuzz, and for how long. */
export interface RunOptions {
  seconds: number;
  seed: number;
  target: 'packets' | 'streams' | 'state' | 'sockets' | 'all';
  /** Most resident memory that the run may take, in MiB; it ends when it takes more. */
  memoryMiB: number;
  /** Told of each crash when it is found. */
  crashed(crash: Crash): void;
  /** Told how it goes, every few seconds. */
  progress(report: RunReport): void;
}

/** What a run came to. */
export interface RunReport {
  seconds: number;
  seed: number;
  cases: Record<string, number>;
  crashes: number;
  slowestMs: number;
  slowestDoor: string;
  /** Most resident memory so far, and the bound of it, in MiB. */
  peakMiB: number;
  memoryMiB: number;
}

/** Says whether a run has taken more memory than it may. */
export function isTooLarge({ peakMiB, memoryMiB }: RunReport): boolean {
  return peakMiB > memoryMiB;
}

/** Each target gets this long at a time, ms. */
const SLICE_MS = 100;

const PROGRESS_MS = 5000;

/** A run over one target or all of them, slice by slice. */
export class Run {
  readonly fuzzers: ReadonlyMap<string, Fuzzer>;
  readonly #options: RunOptions;
  readonly #sockets: SocketFuzzer | undefined;
  readonly #startedAt = performance.now();
  #crashes = 0;

  /** @param sockets fuzzes real members as well, if the target asks for it. */
  constructor(options: RunOptions, sockets: SocketFuzzer | undefined) {
    this.#options = options;
    this.#sockets = sockets;
    const chosen = TARGETS.filter(({ name }) => options.target === name || options.target === 'all');
    const known = knownCases();
    this.fuzzers = new Map(chosen.map((target) => [target.name, new Fuzzer(target, options.seed, known)]));
  }

  /** Runs until the time is over or too much memory is taken, and stops the members. */
  async finish(): Promise<RunReport> {
    const { seconds, progress } = this.#options;
    let reportAt = this.#startedAt + PROGRESS_MS;
    while (performance.now() < this.#startedAt + seconds * 1000) {
      for (const fuzzer of this.fuzzers.values()) this.#slice(fuzzer);
      for (const crash of (await this.#sockets?.slice(SLICE_MS)) ?? []) this.#crashed(crash);
      await setImmediate();
      if (isTooLarge(this.report())) break;
      if (performance.now() < reportAt) continue;
      progress(this.report());
      reportAt = performance.now() + PROGRESS_MS;
    }
    for (const crash of (await this.#sockets?.stop()) ?? []) this.#crashed(crash);
    return this.report();
  }

  /** How it stands now. */
  report(): RunReport {
    const tallies = [...this.fuzzers.values()].map((fuzzer) => fuzzer.tally);
    const slowest = tallies.reduce((a, b) => (b.slowestMs > a.slowestMs ? b : a), {
      slowestMs: 0,
      slowestDoor: '',
    });
    const cases = Object.fromEntries([...this.fuzzers].map(([name, { tally }]) => [name, tally.cases]));
    if (this.#sockets) cases['sockets'] = this.#sockets.cases;
    return {
      seconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
      seed: this.#options.seed,
      cases,
      crashes: this.#crashes,
      slowestMs: Math.round(slowest.slowestMs * 10) / 10,
      slowestDoor: slowest.slowestDoor,
      peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
      memoryMiB: this.#options.memoryMiB,
    };
  }

  #slice(fuzzer: Fuzzer): void {
    const until = performance.now() + SLICE_MS;
    while (performance.now() < until) {
      const crash = fuzzer.step();
      if (crash) this.#crashed(crash);
    }
  }

  #crashed(crash: Crash): void {
    this.#crashes++;
    this.#options.crashed(crash);
  }
}
