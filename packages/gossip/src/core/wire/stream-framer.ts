import { MessageType } from './message-types.js';
import { EndOfBytes, MsgpackReader } from './msgpack-reader.js';
import { readPushPullHead, readUserLength } from './stream-decoder.js';
import type { StreamLimits } from './stream-types.js';
import { WireError } from './wire-error.js';

/** Longest head; an honest one has 35 bytes. It is read anew with each chunk, so it must be short. */
const MAX_HEAD_BYTES = 1024;

/**
 * Finds where a message ends on a stream that has no length in front (only encrypted ones have). It remembers how
 * far it came, so that all chunks together are walked through once.
 */
export class StreamFramer {
  readonly #limits: StreamLimits;
  /** What was read of the head: where the values after it go on, how many are missing, and how many bytes follow. */
  #body: { at: number; values: number; tail: number } | undefined;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /**
   * The length of the message that `bytes` starts with, or undefined if more bytes are needed; then call again with
   * the same bytes and those that came. Throws WireError if it can't become a message.
   */
  measure(bytes: Uint8Array): number | undefined {
    const most = this.#limits.bytes * 2;
    if (bytes.length > most) throw new WireError('stream is longer than any message may be');
    this.#body ??= this.#readHead(bytes);
    if (!this.#body) return undefined;
    const reader = new MsgpackReader(bytes, this.#body.at);
    this.#body.values = reader.skipSome(this.#body.values);
    this.#body.at = reader.offset;
    // A value takes a byte at least, so that this sum only grows: what refuses the whole refuses it in any chunks.
    if (this.#body.at + this.#body.values > most) {
      throw new WireError('stream announces more values than any message may have');
    }
    const length = this.#body.at + this.#body.tail;
    return this.#body.values === 0 && length <= bytes.length ? length : undefined;
  }

  #readHead(bytes: Uint8Array): { at: number; values: number; tail: number } | undefined {
    try {
      const body = this.#bodyAfter(bytes);
      if (!body || body.at <= MAX_HEAD_BYTES) return body;
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      if (bytes.length <= MAX_HEAD_BYTES) return undefined;
    }
    throw new WireError(`stream has a head of more than ${MAX_HEAD_BYTES} bytes`);
  }

  #bodyAfter(bytes: Uint8Array): { at: number; values: number; tail: number } | undefined {
    const reader = new MsgpackReader(bytes, 1);
    switch (bytes[0]) {
      case undefined:
        return undefined;
      case MessageType.pushPull: {
        const { nodes, userStateLength } = readPushPullHead(reader, this.#limits);
        return { at: reader.offset, values: nodes, tail: userStateLength };
      }
      case MessageType.user: {
        const tail = readUserLength(reader, this.#limits);
        return { at: reader.offset, values: 0, tail };
      }
      case MessageType.ping:
      case MessageType.ack:
      case MessageType.error:
      case MessageType.compress:
        return { at: 1, values: 1, tail: 0 };
      default:
        throw new WireError(`message type ${bytes[0]} is not one that a stream carries`);
    }
  }
}
