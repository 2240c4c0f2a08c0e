import { DEFAULT_STREAM_LIMITS, MessageType, StreamFramer, stripLabel, WireError } from '../core/index.js';
import { type Envelope, STREAM_HEADER_BYTES } from './envelope.js';

/** Collects the chunks of one direction of a stream until its message is whole. */
export class StreamReader {
  readonly #envelope: Envelope;
  readonly #framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
  #labelDone: boolean;
  #buffer: Buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  /** @param dialed true on the side that accepted, to which the other sends its label first. */
  constructor(envelope: Envelope, dialed: boolean) {
    this.#envelope = envelope;
    this.#labelDone = !dialed;
  }

  /** Adds a chunk; returns the plain message once it is whole. Throws WireError if it can't become one. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    this.#append(chunk);
    if (!this.#labelDone && !this.#takeLabel()) return undefined;
    const bytes = this.#buffer.subarray(0, this.#length);
    if (bytes.length === 0) return undefined;
    const encrypted = bytes[0] === MessageType.encrypt;
    if (encrypted && !this.#envelope.decrypts) {
      throw new WireError('remote state is encrypted and encryption is not configured');
    }
    if (!encrypted && !this.#envelope.acceptsPlaintext) {
      throw new WireError('encryption is configured but remote state is not encrypted');
    }
    return encrypted ? this.#openFrame(bytes) : this.#cutPlain(bytes);
  }

  #openFrame(bytes: Buffer): Uint8Array | undefined {
    if (bytes.length < STREAM_HEADER_BYTES) return undefined;
    const length = bytes.readUInt32BE(1);
    if (length > DEFAULT_STREAM_LIMITS.bytes) {
      throw new WireError(`stream of ${length} bytes, expected at most ${DEFAULT_STREAM_LIMITS.bytes}`);
    }
    const end = STREAM_HEADER_BYTES + length;
    if (bytes.length < end) return undefined;
    const frame = bytes.subarray(0, STREAM_HEADER_BYTES);
    return this.#envelope.unwrapStream(frame, bytes.subarray(STREAM_HEADER_BYTES, end));
  }

  #cutPlain(bytes: Buffer): Uint8Array | undefined {
    const length = this.#framer.measure(bytes);
    return length === undefined ? undefined : bytes.subarray(0, length);
  }

  #takeLabel(): boolean {
    if (this.#length === 0) return false;
    const stripped = stripLabel(this.#buffer.subarray(0, this.#length));
    if (!stripped) return false;
    this.#envelope.checkLabel(stripped.label);
    const rest = this.#length - stripped.rest.length;
    this.#buffer = this.#buffer.subarray(rest);
    this.#length -= rest;
    this.#labelDone = true;
    return true;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }
}
