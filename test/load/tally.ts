import type { LoadFailure, LoadReport, SlowAnswer } from './report.js';

/** The most entries of a list in a report. */
const longestList = 1000;
const mostBodies = 200;

/** One request, ended. */
export interface Ended {
  readonly at: number;
  readonly target: string;
  /** From the moment when it was due. */
  readonly latencyMs: number;
  /** The answer's body; undefined: the standard client got none either. */
  readonly body: string | undefined;
  /** Set when it failed for the strict client. */
  readonly failure?: LoadFailure;
}

/** Counts requests as they end. */
export class Tally {
  readonly #slowMs: number;
  readonly #latencies: number[] = [];
  readonly #failures: LoadFailure[] = [];
  readonly #slow: SlowAnswer[] = [];
  readonly #targets: Record<string, { requests: number; strict: number; standard: number }> = {};
  readonly #bodies = new Map<string, { answers: number; first: number; last: number }>();
  #requests = 0;
  #strict = 0;
  #standard = 0;
  #slowAnswers = 0;
  #worstLagMs = 0;

  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  /** The generator began a request that late. */
  lag(ms: number): void {
    this.#worstLagMs = Math.max(this.#worstLagMs, ms);
  }

  add(ended: Ended): void {
    const { at, target, latencyMs, body, failure } = ended;
    this.#targets[target] ??= { requests: 0, strict: 0, standard: 0 };
    const count = this.#targets[target];
    this.#requests += 1;
    count.requests += 1;
    this.#latencies.push(latencyMs);
    if (latencyMs > this.#slowMs) {
      this.#slowAnswers += 1;
      if (this.#slow.length < longestList) this.#slow.push({ at, target, seconds: latencyMs / 1000 });
    }
    if (body !== undefined) this.#addBody(body.slice(0, 80), at);
    if (failure === undefined) return;
    this.#strict += 1;
    count.strict += 1;
    if (failure.retried !== 'answered') {
      this.#standard += 1;
      count.standard += 1;
    }
    if (this.#failures.length < longestList) this.#failures.push(failure);
  }

  report(seconds: number): LoadReport {
    return {
      requests: this.#requests,
      seconds,
      strictFailures: this.#strict,
      standardFailures: this.#standard,
      failures: this.#failures,
      slow: this.#slow,
      slowAnswers: this.#slowAnswers,
      latencyMs: percentiles(this.#latencies),
      worstLagMs: this.#worstLagMs,
      targets: this.#targets,
      bodies: Object.fromEntries(this.#bodies),
    };
  }

  #addBody(body: string, at: number): void {
    const known = this.#bodies.get(body);
    if (known !== undefined) {
      known.answers += 1;
      known.last = at;
    } else if (this.#bodies.size < mostBodies) this.#bodies.set(body, { answers: 1, first: at, last: at });
  }
}

/** The nearest-rank percentiles; 0 for an empty list. */
function percentiles(values: readonly number[]): LoadReport['latencyMs'] {
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), p999: rank(0.999), max: rank(1) };
}
