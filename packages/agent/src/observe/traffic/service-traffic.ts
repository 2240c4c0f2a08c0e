import { bucketCount, bucketOf } from './histogram.js';
import type { LoggedRequest } from './request-of-line.js';
import type { TrafficWindow } from './window.js';

/** Seconds that are kept. */
export const keptSeconds: number = 300;

interface Second {
  /** Seconds since the epoch. */
  readonly at: number;
  requests: number;
  errors: number;
  refused: number;
  /** Made with the first latency: most seconds of most services have none. */
  latency: Uint32Array | undefined;
}

/** One service's requests of the last five minutes, second by second; at most 180 KB. */
export class ServiceTraffic {
  readonly #seconds: (Second | undefined)[] = [];
  #lastSeen: number | undefined;

  /** When a request was last counted, whenever it was; milliseconds since the epoch. */
  get lastSeen(): number | undefined {
    return this.#lastSeen;
  }

  /** A request is seen at `now` (milliseconds since the epoch). What was answered more than five minutes ago, or in the future, isn't counted. */
  count(request: LoggedRequest, now: number): void {
    const { at = now, status, seconds, isRefused } = request;
    this.#lastSeen = now;
    const second = this.#secondOf(Math.floor(at / 1000), Math.floor(now / 1000));
    if (second === undefined) return;
    second.requests += 1;
    if (status >= 500) second.errors += 1;
    if (isRefused) second.refused += 1;
    if (seconds === undefined) return;
    second.latency ??= new Uint32Array(bucketCount);
    const bucket = bucketOf(seconds);
    second.latency[bucket] = (second.latency[bucket] ?? 0) + 1;
  }

  #secondOf(at: number, now: number): Second | undefined {
    if (at > now + 1 || at <= now - keptSeconds) return undefined;
    const index = at % keptSeconds;
    const known = this.#seconds[index];
    if (known?.at === at) return known;
    if (known !== undefined && known.at > at) return undefined;
    const fresh: Second = { at, requests: 0, errors: 0, refused: 0, latency: undefined };
    this.#seconds[index] = fresh;
    return fresh;
  }

  /** The requests, and how many of them were refused for the limit of the lease, from `since` to `until`, milliseconds since the epoch, both rounded up to whole seconds. */
  window(since: number, until: number): TrafficWindow & { readonly refused: number } {
    const first = Math.ceil(since / 1000);
    const end = Math.ceil(until / 1000);
    const latency = new Array<number>(bucketCount).fill(0);
    let requests = 0;
    let errors = 0;
    let refused = 0;
    for (const second of this.#seconds) {
      if (second === undefined || second.at < first || second.at >= end) continue;
      requests += second.requests;
      errors += second.errors;
      refused += second.refused;
      second.latency?.forEach((count, bucket) => {
        latency[bucket] = (latency[bucket] ?? 0) + count;
      });
    }
    return { ms: Math.max(0, until - since), requests, errors, refused, latency };
  }
}
