import { MessageType } from './message-types.js';
import { EndOfBytes, MsgpackReader } from './msgpack-reader.js';
import { readPushPullHead, readUserLength } from './stream-decoder.js';
import type { StreamLimits } from './stream-types.js';
import { WireError } from './wire-error.js';

/**
 * Finds where a message ends on a stream that has no length in front (only encrypted ones have). It remembers how
 * far it came, so that a large push-pull in many chunks is walked through once.
 */
export class StreamFramer {
  readonly #limits: StreamLimits;
  #at = 0;
  #nodesLeft = -1;
  #tail = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** The length of the message that `bytes` starts with, or undefined if more bytes are needed. */
  measure(bytes: Uint8Array): number | undefined {
    if (bytes.length > this.#limits.bytes * 2)
      throw new WireError('stream is longer than any message may be');
    try {
      const length = this.#walk(bytes);
      return length <= bytes.length ? length : undefined;
    } catch (error) {
      if (error instanceof EndOfBytes) return undefined;
      throw error;
    }
  }

  #walk(bytes: Uint8Array): number {
    const reader = new MsgpackReader(bytes, 1);
    switch (bytes[0]) {
      case undefined:
        throw new EndOfBytes('nothing read yet');
      case MessageType.pushPull:
        return this.#walkPushPull(bytes);
      case MessageType.user:
        return readUserLength(reader, this.#limits) + reader.offset;
      case MessageType.ping:
      case MessageType.ack:
      case MessageType.error:
      case MessageType.compress:
        reader.skip();
        return reader.offset;
      default:
        throw new WireError(`message type ${bytes[0]} is not one that a stream carries`);
    }
  }

  #walkPushPull(bytes: Uint8Array): number {
    if (this.#nodesLeft < 0) {
      const reader = new MsgpackReader(bytes, 1);
      const head = readPushPullHead(reader, this.#limits);
      this.#nodesLeft = head.nodes;
      this.#tail = head.userStateLength;
      this.#at = reader.offset;
    }
    const reader = new MsgpackReader(bytes, this.#at);
    while (this.#nodesLeft > 0) {
      reader.skip();
      this.#at = reader.offset;
      this.#nodesLeft--;
    }
    return this.#at + this.#tail;
  }
}
