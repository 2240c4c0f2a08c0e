import { EventEmitter } from 'node:events';
import { kindOf, type MemberChange } from '../core/index.js';
import { GossipError } from './gossip-error.js';
import type { GossipLogger } from './log.js';
import type { ClaimedMember, Member } from './member.js';

/** Something that happened to a member, with the member as it was right after. */
export interface MemberEvent {
  readonly type: MemberChange;
  readonly member: Member;
  /**
   * Name of the node whose word this is: the member's own for `join`, `update`, `alive` and `leave`, the accuser's for
   * `suspect` and `fail`, this node's for `forget`.
   */
  readonly from: string;
}

/**
 * A message of an application. The protocol doesn't say who sent it: what a receiver needs to know of that, the
 * sender puts into the body.
 */
export interface Message {
  readonly body: Uint8Array;
  /** True if it came over TCP, that is by a reliable `send`. Others can arrive several times. */
  readonly reliable: boolean;
}

/** What the application of another node sent along with its state. */
export interface RemoteState {
  readonly state: Uint8Array;
  /** True if one of the two nodes is joining the other. */
  readonly join: boolean;
}

/**
 * Two nodes with one name. The second one and all who hear its claim are told; the first one only if the second one
 * turns to it directly.
 */
export interface Conflict {
  /** The one that keeps the name here; maybe this node itself. */
  readonly existing: Member;
  /** What the other one says of itself. */
  readonly claimed: ClaimedMember;
}

/** A direct ping that was answered over UDP. */
export interface RoundTrip {
  readonly member: Member;
  readonly milliseconds: number;
  /** What the member's `ackPayload` gave; null without. */
  readonly payload: Uint8Array | null;
}

/** Events of `Gossip` and their arguments. */
export interface GossipEvents {
  /** A member came, went, failed, or changed; see `MemberChange`. */
  change: [event: MemberEvent];
  /** A message of `broadcast` or `send`. */
  message: [message: Message];
  /** State of another node's application, at a join and at each periodic exchange. */
  remoteState: [state: RemoteState];
  /** A name is used twice; told at each claim that is heard. */
  conflict: [conflict: Conflict];
  /** A member answered a direct ping. */
  roundTrip: [roundTrip: RoundTrip];
  /** The keyring has changed: all keys, the primary one first. For keeping them on disk. */
  keyring: [keys: readonly Uint8Array[]];
}

const EVENTS = new Set<string>([
  'change',
  'message',
  'remoteState',
  'conflict',
  'roundTrip',
  'keyring',
] satisfies (keyof GossipEvents)[]);

/** Calls listeners after what caused the event is done, so that they may call back; what they throw is logged. */
export class Listeners {
  readonly #emitter = new EventEmitter();
  readonly #logger: GossipLogger;

  constructor(logger: GossipLogger) {
    this.#logger = logger;
    this.#emitter.setMaxListeners(0);
  }

  add<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): void {
    checkListener(event, listener);
    this.#emitter.on(event, listener);
  }

  remove<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): void {
    checkListener(event, listener);
    this.#emitter.off(event, listener);
  }

  /** What an asynchronous listener throws comes as a rejection, and unhandled would end the process. */
  #call(event: keyof GossipEvents, listener: () => unknown): void {
    const failed = (error: unknown): void =>
      this.#logger.error({ err: error, event }, 'gossip listener failed');
    try {
      const done = listener();
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** @param args makes the arguments; not called when nobody listens. */
  emit<E extends keyof GossipEvents>(event: E, args: () => GossipEvents[E]): void {
    if (this.#emitter.listenerCount(event) === 0) return;
    const made = args();
    queueMicrotask(() => {
      for (const listener of this.#emitter.listeners(event)) {
        this.#call(event, () => (listener as (...args: GossipEvents[E]) => unknown)(...made));
      }
    });
  }
}

function checkListener(event: unknown, listener: unknown): void {
  if (typeof event !== 'string' || !EVENTS.has(event)) {
    const found = typeof event === 'string' ? `'${event}'` : kindOf(event);
    throw new GossipError('INVALID_OPTION', `event is ${found}, expected ${[...EVENTS].join(', ')}`);
  }
  if (typeof listener === 'function') return;
  throw new GossipError('INVALID_OPTION', `listener is ${kindOf(listener)}, expected a function`);
}
