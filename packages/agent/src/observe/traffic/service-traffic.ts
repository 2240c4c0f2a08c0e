import { bucketCount, bucketOf } from './histogram.js';
import type { TrafficWindow } from './window.js';

/** Seconds that are kept. */
export const keptSeconds: number = 300;

interface Second {
  /** Seconds since the epoch. */
  readonly at: number;
  requests: number;
  errors: number;
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

  /** A request was answered at `at` and is seen at `now` (milliseconds since the epoch). What is older than five minutes, or of the future, isn't counted. */
  count(at: number, now: number, isError: boolean, seconds: number | undefined): void {
    this.#lastSeen = now;
    const second = this.#secondOf(Math.floor(at / 1000), Math.floor(now / 1000));
    if (second === undefined) return;
    second.requests += 1;
    if (isError) second.errors += 1;
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
    const fresh: Second = { at, requests: 0, errors: 0, latency: undefined };
    this.#seconds[index] = fresh;
    return fresh;
  }

  /** The requests from `since` to `until`, milliseconds since the epoch, both rounded up to whole seconds. */
  window(since: number, until: number): TrafficWindow {
    const first = Math.ceil(since / 1000);
    const end = Math.ceil(until / 1000);
    const latency = new Array<number>(bucketCount).fill(0);
    let requests = 0;
    let errors = 0;
    for (const second of this.#seconds) {
      if (second === undefined || second.at < first || second.at >= end) continue;
      requests += second.requests;
      errors += second.errors;
      second.latency?.forEach((count, bucket) => {
        latency[bucket] = (latency[bucket] ?? 0) + count;
      });
    }
    return { ms: Math.max(0, until - since), requests, errors, latency };
  }
}
