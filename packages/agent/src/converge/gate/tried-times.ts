import type { TrafficWindow } from '../../observe/traffic/window.js';

/** A stretch of time, milliseconds since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** So much of a service's good time, at most, is what a change is judged by, milliseconds. */
const enoughMs = 60_000;
/** Requests are counted for so long, milliseconds. */
const keptMs = 300_000;
/** A request may be logged so much later than it was answered, milliseconds. */
const lateMs = 1000;

/**
 * When each service ran what was tried and taken back. Such time says nothing of how the service usually is: it is left out when a change is
 * judged by the traffic before. In memory only, as the traffic is.
 */
export class TriedTimes {
  readonly #begun = new Map<string, number>();
  readonly #changed = new Map<string, number>();
  readonly #tried = new Map<string, readonly Stretch[]>();

  /** An attempt begins to change the service, or did so at an unknown time before (0). */
  begins(service: string, at: number): void {
    if (!this.#begun.has(service)) this.#begun.set(service, at);
  }

  /** The attempt was undone. */
  failed(at: number): void {
    for (const [service, from] of this.#begun) this.#add(service, { from, until: at });
    this.#begun.clear();
  }

  /** It succeeded. `wentBack`: to an earlier revision, so that what its services ran until now was undone. */
  succeeded(at: number, wentBack: boolean): void {
    for (const [service, from] of this.#begun) {
      if (wentBack) this.#add(service, { from: this.#changed.get(service) ?? from, until: at });
      this.#changed.set(service, from);
    }
    this.#begun.clear();
  }

  #add(service: string, stretch: Stretch): void {
    const known = this.#tried.get(service) ?? [];
    const kept = known.filter(({ until }) => stretch.until - until < keptMs);
    this.#tried.set(service, [...kept, stretch]);
  }

  /** The newest minute of the service's time without what was tried, newest stretch first, in whole seconds but for `now`. */
  goodTime(service: string, now: number): readonly Stretch[] {
    const good: Stretch[] = [];
    let left = enoughMs;
    let until = now;
    const add = (from: number): void => {
      const since = Math.max(from, until - left, now - keptMs);
      if (since >= until) return;
      good.push({ from: since, until });
      left -= until - since;
    };
    for (const stretch of (this.#tried.get(service) ?? []).toReversed()) {
      add(Math.ceil((stretch.until + lateMs) / 1000) * 1000);
      until = Math.min(until, Math.floor(stretch.from / 1000) * 1000);
    }
    add(0);
    return good;
  }
}

/** Windows of several stretches as one; undefined when one isn't known, or there is none. */
export function together(windows: readonly (TrafficWindow | undefined)[]): TrafficWindow | undefined {
  const [first, ...others] = windows;
  return others.reduce((sum, window) => {
    if (sum === undefined || window === undefined) return undefined;
    return {
      ms: sum.ms + window.ms,
      requests: sum.requests + window.requests,
      errors: sum.errors + window.errors,
      latency: Array.from(sum.latency, (count, bucket) => count + (window.latency[bucket] ?? 0)),
    };
  }, first);
}
