import { encodeUtf8 } from './utf8.js';

/** What a writer begins with; enough for any datagram's message with full tags. */
const SPARE_BYTES = 1024;

const NOTHING = new Uint8Array(0);

/**
 * Writes the msgpack dialect that memberlist speaks: the old raw spec. Strings and byte slices are both "raw"
 * (never str8, never bin), integers take their smallest unsigned form, a nil slice is nil.
 */
export class MsgpackWriter {
  /** Room that the last writer left behind: most messages are short, and taking memory would be half of the work. */
  static #spare: Uint8Array | undefined;

  #bytes: Uint8Array;
  #length = 0;

  constructor() {
    this.#bytes = MsgpackWriter.#spare ?? new Uint8Array(SPARE_BYTES);
    MsgpackWriter.#spare = undefined;
  }

  /** A copy of what was written. Ends the writer's use. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    if (this.#bytes.length === SPARE_BYTES) MsgpackWriter.#spare = this.#bytes;
    this.#bytes = NOTHING;
    this.#length = 0;
    return written;
  }

  /** Appends one byte as it is (a message type, for instance). */
  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Appends bytes as they are, without a header. */
  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Starts a map of `size` pairs; the keys must follow in alphabetical order, as Go sorts them. */
  map(size: number): this {
    return size < 16 ? this.byte(0x80 | size) : this.byte(0xde).#bigEndian(size, 2);
  }

  /** Starts an array of `size` values. */
  array(size: number): this {
    return size < 16 ? this.byte(0x90 | size) : this.byte(0xdc).#bigEndian(size, 2);
  }

  /** A string, or the key of a map. */
  text(value: string): this {
    return this.bytes(encodeUtf8(value));
  }

  /** A byte slice; null writes nil. */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.byte(0xc0);
    const length = value.length;
    if (length < 32) this.byte(0xa0 | length);
    else if (length <= 0xffff) this.byte(0xda).#bigEndian(length, 2);
    else this.byte(0xdb).#bigEndian(length, 4);
    return this.append(value);
  }

  /** An unsigned integer up to 2^53 - 1. */
  uint(value: number): this {
    if (value < 0x80) return this.byte(value);
    if (value <= 0xff) return this.byte(0xcc).byte(value);
    if (value <= 0xffff) return this.byte(0xcd).#bigEndian(value, 2);
    if (value <= 0xffff_ffff) return this.byte(0xce).#bigEndian(value, 4);
    return this.byte(0xcf)
      .#bigEndian(Math.floor(value / 2 ** 32), 4)
      .#bigEndian(value % 2 ** 32, 4);
  }

  bool(value: boolean): this {
    return this.byte(value ? 0xc3 : 0xc2);
  }

  #bigEndian(value: number, width: number): this {
    for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) this.byte((value >>> shift) & 0xff);
    return this;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
