import type { GossipConfig } from '../config.js';
import { dropOldest } from '../drop-oldest.js';

/** What is left of a peak after each further measurement. */
const DECAY = 0.9;

/** The timeout is this many times the peak. */
const HEADROOM = 4;

/** Most peers remembered for being slow. */
const MAX_SLOW = 4096;

/**
 * Measured round trips, and the timeouts that follow from them. The peak over all peers tells of this node's own
 * slowness and its network's; peers that are slower than that are remembered one by one.
 */
export class RoundTrips {
  readonly #leastMs: number;
  readonly #mostMs: number;
  readonly #slow = new Map<string, number>();
  #peak: number | undefined;

  constructor(config: GossipConfig) {
    const { judgment, leastProbeTimeoutMs, probeTimeoutMs } = config;
    this.#mostMs = probeTimeoutMs;
    this.#leastMs =
      judgment === 'memberlist' ? probeTimeoutMs : Math.min(leastProbeTimeoutMs, probeTimeoutMs);
  }

  /** Takes in how long a peer took to answer a direct ping, ms. */
  measured(peer: string, ms: number): void {
    // What took longer says no more than that; it may only be that this process was stopped meanwhile.
    const counted = Math.min(ms, this.#mostMs);
    this.#peak = Math.max(counted, DECAY * (this.#peak ?? 0));
    const peak = Math.max(counted, DECAY * (this.#slow.get(peer) ?? 0));
    this.#slow.delete(peer);
    if (peak * HEADROOM <= this.#leastMs) return;
    this.#slow.set(peer, peak);
    dropOldest(this.#slow, MAX_SLOW);
  }

  /** How long to wait for a peer's answer to a ping, ms. The longest, as long as nothing was measured at all. */
  timeout(peer: string): number {
    if (this.#peak === undefined) return this.#mostMs;
    const peak = Math.max(this.#peak, this.#slow.get(peer) ?? 0);
    return Math.min(this.#mostMs, Math.max(this.#leastMs, HEADROOM * peak));
  }

  /** Says whether a peer is so slow that its timeout is the longest, so that more packets would only burden it. */
  isSlow(peer: string): boolean {
    return this.#leastMs < this.#mostMs && this.timeout(peer) === this.#mostMs;
  }
}
