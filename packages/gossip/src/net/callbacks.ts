import { isPromise, isUint8Array } from 'node:util/types';
import { type Application, type Claim, DEFAULT_STREAM_LIMITS, kindOf } from '../core/index.js';
import type { RateLimitedLog } from './log.js';
import { type ClaimedMember, claimedMemberOf } from './member.js';

/**
 * What an application can add to the protocol and forbid. They answer at once, not by a promise. What these throw, and a
 * result of another type, is logged and counts as a veto, or as nothing to send.
 */
export interface GossipCallbacks {
  /**
   * Bytes that go along with this node's state to each node that it exchanges states with, at a join and every
   * `pushPullIntervalMs`; at most 16 MiB. The other side gets them as `remoteState`. `join`: one of both is joining.
   */
  localState?(join: boolean): Uint8Array;
  /** Whether to believe news about another node: that it is there, its address, its tags. False ignores them. */
  acceptAlive?(member: ClaimedMember): boolean;
  /** Whether to merge with the cluster of these nodes at a join, ours or theirs. False cancels it on both sides. */
  acceptMerge?(members: readonly ClaimedMember[]): boolean;
  /** Bytes that go along with each answer to a direct ping; the other side gets them as `roundTrip`. At most 512. */
  ackPayload?(): Uint8Array;
}

/** Most bytes of an ack's payload: with a full ping beside it, it must fit one datagram. */
const MAX_PAYLOAD_BYTES = 512;

/** Most bytes of state in a push-pull; the rest of a stream's limit is for the nodes. */
const MAX_STATE_BYTES = DEFAULT_STREAM_LIMITS.bytes - (4 << 20);

const NONE = new Uint8Array(0);

/** What the core asks, answered by the options of a member. */
export class Callbacks implements Application {
  readonly #callbacks: GossipCallbacks;
  readonly #refusesHost: (host: string) => string | undefined;
  readonly #log: RateLimitedLog;

  /** @param refusesHost says why a member may not have this numeric address, or undefined. */
  constructor(
    callbacks: GossipCallbacks,
    refusesHost: (host: string) => string | undefined,
    log: RateLimitedLog,
  ) {
    this.#callbacks = callbacks;
    this.#refusesHost = refusesHost;
    this.#log = log;
  }

  localState(join: boolean): Uint8Array {
    const { localState } = this.#callbacks;
    return (
      this.#bytes(
        'localState',
        MAX_STATE_BYTES,
        localState && (() => localState.call(this.#callbacks, join)),
      ) ?? NONE
    );
  }

  ackPayload(): Uint8Array | null {
    const { ackPayload } = this.#callbacks;
    return this.#bytes('ackPayload', MAX_PAYLOAD_BYTES, ackPayload?.bind(this.#callbacks)) ?? null;
  }

  refusesAlive(claim: Claim): string | undefined {
    const { acceptAlive } = this.#callbacks;
    return (
      this.#refusesHost(claim.address.host) ??
      this.#veto(
        'acceptAlive',
        acceptAlive && (() => acceptAlive.call(this.#callbacks, claimedMemberOf(claim))),
      )
    );
  }

  refusesMerge(claims: readonly Claim[]): string | undefined {
    const { acceptMerge } = this.#callbacks;
    return this.#veto(
      'acceptMerge',
      acceptMerge && (() => acceptMerge.call(this.#callbacks, claims.map(claimedMemberOf))),
    );
  }

  #veto(name: string, ask: (() => boolean) | undefined): string | undefined {
    if (!ask) return undefined;
    try {
      const accepted = ask();
      checkResult(accepted, typeof accepted === 'boolean', 'a boolean');
      return accepted ? undefined : `refused by ${name}`;
    } catch (error) {
      this.#log.error(`${name} failed`, error);
      return `${name} failed`;
    }
  }

  #bytes(name: string, most: number, ask: (() => Uint8Array) | undefined): Uint8Array | undefined {
    if (!ask) return undefined;
    try {
      const bytes = ask();
      checkResult(bytes, isUint8Array(bytes), 'a Uint8Array');
      if (bytes.length > most) throw new RangeError(`${bytes.length} bytes, expected at most ${most}`);
      return Uint8Array.from(bytes);
    } catch (error) {
      this.#log.error(`${name} failed`, error);
      return undefined;
    }
  }
}

/** The result of a callback that was to be at once; what a promise comes to is nobody's concern, not even a rejection. */
function checkResult(value: unknown, isExpected: boolean, expected: string): void {
  if (isPromise(value)) value.catch(() => undefined);
  if (!isExpected) throw new TypeError(`result is ${kindOf(value)}, expected ${expected}`);
}
