import { concatBytes, labelHeader, MessageType, sameBytes, stripLabel, WireError } from '../core/index.js';
import type { Keyring } from './keyring.js';
import { SEAL_OVERHEAD, seal, unseal } from './seal.js';

/** Type byte and length in front of an encrypted stream. */
export const STREAM_HEADER_BYTES = 5;

const NONE = new Uint8Array(0);

/** What a cluster puts around all of its messages: its label, and encryption if it has keys. */
export class Envelope {
  readonly label: Uint8Array;
  readonly #keyring: Keyring;

  constructor(label: Uint8Array, keyring: Keyring) {
    this.label = label;
    this.#keyring = keyring;
  }

  get encrypts(): boolean {
    return this.#keyring.list().length > 0;
  }

  /** Bytes added to a datagram. */
  get packetOverhead(): number {
    return labelHeader(this.label).length + (this.encrypts ? SEAL_OVERHEAD : 0);
  }

  wrapPacket(plain: Uint8Array): Uint8Array {
    const [primary] = this.#keyring.list();
    const body = primary ? seal(primary, plain, this.label) : plain;
    return this.label.length === 0 ? body : concatBytes(labelHeader(this.label), body);
  }

  /** Throws WireError when the datagram is not from our cluster. */
  unwrapPacket(datagram: Uint8Array): Uint8Array {
    // Encrypted packets start with 0 or 1, labels with 244: only without a label of our own could a plain one differ.
    const stripped = stripLabel(datagram);
    if (!stripped) throw new WireError('datagram ends within its label');
    this.checkLabel(stripped.label);
    return this.encrypts ? unseal(this.#keyring.list(), stripped.rest, this.label) : stripped.rest;
  }

  /** Wraps one direction of a stream; only the dialing side sends the label. */
  wrapStream(plain: Uint8Array, dialing: boolean): Uint8Array {
    const header = dialing ? labelHeader(this.label) : NONE;
    const [primary] = this.#keyring.list();
    if (!primary) return concatBytes(header, plain);
    const frame = streamHeader(plain.length + SEAL_OVERHEAD);
    return concatBytes(header, frame, seal(primary, plain, concatBytes(frame, this.label)));
  }

  /** Decrypts a stream's blob; `frame` is its header, which is authenticated too. */
  unwrapStream(frame: Uint8Array, blob: Uint8Array): Uint8Array {
    return unseal(this.#keyring.list(), blob, concatBytes(frame, this.label));
  }

  checkLabel(found: Uint8Array): void {
    if (sameBytes(found, this.label)) return;
    throw new WireError(found.length === 0 ? 'label is missing' : 'label is that of another cluster');
  }
}

function streamHeader(length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(STREAM_HEADER_BYTES));
  header.setUint8(0, MessageType.encrypt);
  header.setUint32(1, length);
  return new Uint8Array(header.buffer);
}
