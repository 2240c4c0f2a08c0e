import type { Address } from './address.js';
import type { GossipEvent } from './events.js';
import type { Packet } from './wire/packet.js';
import { readStream } from './wire/stream-decoder.js';
import type { StreamMessage } from './wire/stream-types.js';
import { WireError } from './wire/wire-error.js';

/** What a probe waits for: the direct ping, an answer over TCP, anything at all. */
export type ProbeStage = 'direct' | 'tcp' | 'end';

/** Something to be handed back to `Gossiper.handleTimer` later. Plain data; stale ones are recognized and ignored. */
export type Timer =
  /** Time for the next probe of one of the two rows. */
  | { kind: 'probe'; track: 'random' | 'ring' }
  /** Part of a probe has had its time; `toleratedMs` is how late this may come and still mean what it says. */
  | { kind: 'probe-stage'; seqNo: number; stage: ProbeStage; toleratedMs: number; dueAt: number }
  /** Ping a suspect again. */
  | { kind: 'chase'; node: string; token: number }
  /** The node that we ping for another did not answer in good time: say so. */
  | { kind: 'relay-nack'; seqNo: number; toleratedMs: number; dueAt: number }
  /** Forget a ping made for another node. */
  | { kind: 'relay-end'; seqNo: number }
  | { kind: 'suspicion'; node: string; token: number; dueAt: number }
  | { kind: 'gossip' }
  | { kind: 'sync' }
  | { kind: 'rejoin' }
  /** The announcement of our leave has had its time. */
  | { kind: 'farewell' }
  /** Second exchange with a peer that was lost, after both sides had time to refute. */
  | { kind: 'resync'; to: Address };

/** What an exchange over a stream is for; handed back to `Gossiper.handleReply`. */
export type Exchange =
  | { kind: 'ping'; seqNo: number }
  /** Is the host of a suspect still refusing connections? */
  | { kind: 'dial'; node: string; token: number }
  | { kind: 'push-pull'; id: number; to: Address; reason: 'join' | 'sync' | 'rejoin' };

/** How an exchange ended. */
export type ExchangeResult =
  | { ok: true; reply: StreamMessage }
  /**
   * `malformed` if there was a reply, but not one that the protocol allows. `refused` if the other host itself said
   * that nobody listens there, which a host that is down or out of reach can't.
   */
  | { ok: false; error: string; malformed?: true; refused?: boolean };

/** The result of an exchange whose reply has these plain bytes. */
export function resultOf(reply: Uint8Array): ExchangeResult {
  const message = readStream(reply);
  return message instanceof WireError
    ? { ok: false, error: message.message, malformed: true }
    : { ok: true, reply: message };
}

/**
 * The whole outside world of the core. Calls must not call back into the core before they return, except that
 * `notify` may ask it for its members. Times are ms on a clock that never goes backwards. Packets and requests are
 * data, not to be changed; a real network encodes them with `encodePacket` and `encodeStream`.
 */
export interface Host {
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Sends one datagram, best effort. The host encodes it, and adds label and encryption. */
  send(packet: Packet, to: Address): void;
  /** Dials `to`, writes the request, and hands the whole reply (or why there is none) to `handleReply` in time. */
  exchange(request: StreamMessage, to: Address, exchange: Exchange, timeoutMs: number): void;
  /** Hands `timer` to `handleTimer` after `delayMs`. There is no cancel. */
  schedule(delayMs: number, timer: Timer): void;
  notify(event: GossipEvent): void;
}
