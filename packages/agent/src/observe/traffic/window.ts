import type { LatencyCounts } from './histogram.js';

/** The requests that a service answered in a stretch of time. Plain data. */
export interface TrafficWindow {
  /** Length of the stretch, milliseconds. */
  readonly ms: number;
  readonly requests: number;
  /** Answered with 500 to 599. */
  readonly errors: number;
  /** Latencies of those requests that tell theirs. */
  readonly latency: LatencyCounts;
}

/** What the converger asks of the services' traffic. */
export interface TrafficReader {
  /** Requests from `since` to `until` (milliseconds since the epoch, rounded up to whole seconds); undefined: no log source of the service tells of its requests. */
  window(service: string, since: number, until: number): TrafficWindow | undefined;
  /** When a request of the service was last seen, milliseconds since the epoch; undefined: none, or no source tells. */
  lastSeen(service: string): number | undefined;
}

/** For an agent that reads no logs. */
export const noTraffic: TrafficReader = { window: () => undefined, lastSeen: () => undefined };
