/** One kind of request in the mix. */
export interface LoadRequest {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Sent as text/plain. */
  readonly body?: string;
  /** The status that is right. Default 200. */
  readonly status?: number;
  /** A regular expression that the answer's body has to match. Default: any body. */
  readonly expect?: string;
  /** How often it is in the mix, beside the others. Default 1. */
  readonly weight?: number;
}

/** A load that doesn't wait for answers: so many requests a second begin, whatever becomes of them. */
export interface LoadOptions {
  /** Origins, such as `http://10.99.0.2:8080`; requests go to them in turn. */
  readonly targets: readonly string[];
  /** Over all targets. */
  readonly requestsPerSecond: number;
  /** Default: `GET /`. */
  readonly mix?: readonly LoadRequest[];
  /** Share of the requests that get a connection of their own, 0 to 1. Default 0.3. */
  readonly fresh?: number;
  /** Kept connections to each target that the others use in turn. Default 20. */
  readonly connections?: number;
  /** A request without its whole answer by then has failed, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Answers that took longer are listed as slow, in milliseconds. Default 1,000. */
  readonly slowMs?: number;
}

/** A request that failed for the strict client. */
export interface LoadFailure {
  /** When it began, ms since the epoch. */
  readonly at: number;
  readonly target: string;
  readonly method: string;
  readonly path: string;
  /** `reused`: sent on a connection that had carried requests before. */
  readonly connection: 'fresh' | 'reused';
  /** What a person needs: `status 503`, `ECONNREFUSED`, `no answer within 10 s`, `closed before the answer`, `wrong body: ...`. */
  readonly reason: string;
  /** What became of the standard client's second try: `answered`, or its reason; null: that client may not try again. */
  readonly retried: string | null;
}

/** An answer that took long. */
export interface SlowAnswer {
  readonly at: number;
  readonly target: string;
  readonly seconds: number;
}

/** What became of the requests. Counts are exact; lists hold the first 1,000. */
export interface LoadReport {
  /** Begun and ended. */
  readonly requests: number;
  /** Duration of the load. */
  readonly seconds: number;
  /**
   * Failed for a strict client, which never tries again: no complete answer in time, a wrong status (5xx and all others), a wrong body.
   */
  readonly strictFailures: number;
  /**
   * Failed for a standard client too. It repeats an idempotent request once, on a new connection, when a reused connection was closed
   * before any byte of the answer (RFC 9112, sections 9.3.1 and 9.5); so do browsers, curl and Go's client.
   */
  readonly standardFailures: number;
  readonly failures: readonly LoadFailure[];
  readonly slow: readonly SlowAnswer[];
  /** How many answers took longer than `slowMs`. */
  readonly slowAnswers: number;
  /** From the moment when the request was due to the end of the standard client's answer. */
  readonly latencyMs: Readonly<Record<'p50' | 'p95' | 'p99' | 'p999' | 'max', number>>;
  /** How late the generator itself began a request, at worst: large figures say that the machine was too busy. */
  readonly worstLagMs: number;
  readonly targets: Readonly<Record<string, { requests: number; strict: number; standard: number }>>;
  /** The answers' bodies (their first 80 characters): how many, and when the first and the last came. The first 200 bodies. */
  readonly bodies: Readonly<Record<string, { answers: number; first: number; last: number }>>;
}

/** A report in a few lines for people: counts, percentiles, and the failures grouped by reason. */
export function describeLoad(report: LoadReport): string {
  const { requests, seconds, strictFailures, standardFailures, latencyMs, slowAnswers } = report;
  const reasons = new Map<string, number>();
  for (const { reason, connection, retried } of report.failures) {
    const key = `${reason} (${connection} connection${retried === null ? '' : `, second try ${retried}`})`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  const { p50, p99, p999, max } = latencyMs;
  return [
    `${requests} requests in ${seconds.toFixed(1)} s; failed: strict client ${strictFailures}, standard client ${standardFailures}`,
    `latency p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, p99.9 ${p999.toFixed(1)} ms, max ${max.toFixed(0)} ms; slow: ${slowAnswers}`,
    ...[...reasons].map(([reason, count]) => `  ${count} x ${reason}`),
  ].join('\n');
}
