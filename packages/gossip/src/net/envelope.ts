import { concatBytes, labelHeader, MessageType, sameBytes, stripLabel, WireError } from '../core/index.js';
import type { Keyring } from './keyring.js';
import { SEAL_OVERHEAD, seal, unseal } from './seal.js';

/** Type byte and length in front of an encrypted stream. */
export const STREAM_HEADER_BYTES = 5;

const NONE = new Uint8Array(0);

/**
 * What a node that has keys does with plaintext, so that a running cluster can begin to encrypt: first all nodes
 * `send` and accept it, then all only `accept` it, at last all `refuse` it. Without keys it makes no difference.
 */
export type PlaintextPolicy = 'refuse' | 'accept' | 'send';

/** What a cluster puts around all of its messages: its label, and encryption if it has keys. */
export class Envelope {
  readonly label: Uint8Array;
  /** May change at any time. */
  plaintext: PlaintextPolicy;
  readonly #keyring: Keyring;

  /** @param plaintext what to do with plaintext once there are keys; default `refuse`. */
  constructor(label: Uint8Array, keyring: Keyring, plaintext: PlaintextPolicy = 'refuse') {
    this.label = label;
    this.plaintext = plaintext;
    this.#keyring = keyring;
  }

  /** True if streams can be decrypted, that is if there is a key. */
  get decrypts(): boolean {
    return this.#keyring.list().length > 0;
  }

  /** True if what is not encrypted is taken in. */
  get acceptsPlaintext(): boolean {
    return !this.decrypts || this.plaintext !== 'refuse';
  }

  /** Most bytes added to a datagram. Room for encryption is kept always: a first key can come at any time. */
  get packetOverhead(): number {
    return labelHeader(this.label).length + SEAL_OVERHEAD;
  }

  /** The datagram to send for these plain bytes. */
  wrapPacket(plain: Uint8Array): Uint8Array {
    const key = this.#sealingKey();
    const body = key ? seal(key, plain, this.label) : plain;
    return this.label.length === 0 ? body : concatBytes(labelHeader(this.label), body);
  }

  /** The plain bytes of a datagram. Throws WireError when it is not from our cluster. */
  unwrapPacket(datagram: Uint8Array): Uint8Array {
    // Encrypted packets start with 0 or 1, labels with 244: only without a label of our own could a plain one differ.
    const stripped = stripLabel(datagram);
    if (!stripped) throw new WireError('datagram ends within its label');
    this.checkLabel(stripped.label);
    if (!this.decrypts) return stripped.rest;
    try {
      return unseal(this.#keyring.list(), stripped.rest, this.label);
    } catch (error) {
      // Nothing but its key tells an encrypted datagram from a plain one.
      if (error instanceof WireError && this.acceptsPlaintext) return stripped.rest;
      throw error;
    }
  }

  /** Wraps one direction of a stream; only the dialing side sends the label. */
  wrapStream(plain: Uint8Array, dialing: boolean): Uint8Array {
    const header = dialing ? labelHeader(this.label) : NONE;
    const key = this.#sealingKey();
    if (!key) return concatBytes(header, plain);
    const frame = streamHeader(plain.length + SEAL_OVERHEAD);
    return concatBytes(header, frame, seal(key, plain, concatBytes(frame, this.label)));
  }

  /** Decrypts a stream's blob; `frame` is its header, which is authenticated too. Throws WireError. */
  unwrapStream(frame: Uint8Array, blob: Uint8Array): Uint8Array {
    return unseal(this.#keyring.list(), blob, concatBytes(frame, this.label));
  }

  /** Throws WireError unless the label found is ours. */
  checkLabel(found: Uint8Array): void {
    if (sameBytes(found, this.label)) return;
    throw new WireError(found.length === 0 ? 'label is missing' : 'label is that of another cluster');
  }

  #sealingKey(): Uint8Array | undefined {
    return this.plaintext === 'send' ? undefined : this.#keyring.list()[0];
  }
}

function streamHeader(length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(STREAM_HEADER_BYTES));
  header.setUint8(0, MessageType.encrypt);
  header.setUint32(1, length);
  return new Uint8Array(header.buffer);
}
