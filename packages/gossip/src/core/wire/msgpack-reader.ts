import { copyOf } from './bytes.js';
import { decodeUtf8 } from './utf8.js';
import { WireError } from './wire-error.js';

/** Thrown when the bytes end before the value does; on a stream it means "read on". */
export class EndOfBytes extends WireError {
  override readonly name: string = 'EndOfBytes';
}

/** Longest string taken: names and complaints are far shorter, and text costs much more than its bytes. */
const MAX_TEXT_BYTES = 4096;

const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;

/**
 * Reads msgpack as leniently as both Go codecs do taken together (raw, str8, bin; any integer width; nil for
 * anything) and no further: floats, negatives and overflows are errors where an unsigned integer is expected.
 * Every length is compared with what is really there before memory is taken.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#at = offset;
  }

  /** Where the next value starts. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Reads nil if it is next, and says whether it was. */
  nil(): boolean {
    if (this.#peek() !== 0xc0) return false;
    this.#at++;
    return true;
  }

  /** An unsigned integer not above `max`; nil reads as 0. */
  uint(max: number, field: string): number {
    const value = this.int(field);
    if (value < 0 || value > max) throw new WireError(`${field} is ${value}, expected 0 to ${max}`);
    return value;
  }

  /** Any integer within ±2^53; nil reads as 0. */
  int(field: string): number {
    const head = this.#next();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head === 0xc0) return 0;
    if (head >= 0xcc && head <= 0xcf) return this.#big(1 << (head - 0xcc), field);
    if (head >= 0xd0 && head <= 0xd3) return this.#signed(1 << (head - 0xd0), field);
    throw new WireError(`${field} starts with ${hex(head)}, expected an integer`);
  }

  /** A boolean; 0 and 1 are taken too, nil is false. */
  bool(field: string): boolean {
    const head = this.#next();
    if (head === 0xc2 || head === 0xc0 || head === 0) return false;
    if (head === 0xc3 || head === 1) return true;
    throw new WireError(`${field} starts with ${hex(head)}, expected a boolean`);
  }

  /** A string of at most MAX_TEXT_BYTES, of any of the raw, str and bin forms; nil reads as ''. */
  text(field: string): string {
    if (this.nil()) return '';
    const head = this.#next();
    const length = this.#rawLength(head);
    if (length < 0) throw new WireError(`${field} starts with ${hex(head)}, expected a string`);
    if (length > MAX_TEXT_BYTES) {
      throw new WireError(`${field} has ${length} bytes, expected at most ${MAX_TEXT_BYTES}`);
    }
    return decodeUtf8(this.take(length));
  }

  /** A byte slice in raw, str, bin form or as an array of integers; copied, so it does not pin the packet. */
  bytes(field: string): Uint8Array | null {
    if (this.nil()) return null;
    const head = this.#next();
    const length = this.#rawLength(head);
    if (length >= 0) return copyOf(this.take(length));
    const count = this.#arrayLength(head);
    if (count < 0) throw new WireError(`${field} starts with ${hex(head)}, expected bytes`);
    this.#require(count);
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i++) out[i] = this.uint(0xff, field);
    return out;
  }

  /** The number of pairs of the map that starts here, or -1 if what starts here is not a map. */
  mapSize(): number {
    const size = this.#mapLength(this.#peek());
    if (size.bytes === 0) return -1;
    this.#at++;
    return size.bytes === 1 ? size.small : this.#big(size.bytes - 1, 'map size');
  }

  /** The number of values of the array that starts here, or -1 if what starts here is not an array. */
  arraySize(): number {
    const head = this.#peek();
    if ((head & 0xf0) !== 0x90 && head !== 0xdc && head !== 0xdd) return -1;
    this.#at++;
    return this.#arrayLength(head);
  }

  /** Passes over one value of any kind. Not recursive, so nesting costs nothing. */
  skip(): void {
    if (this.skipSome(1) > 0) throw new EndOfBytes('value ends before its elements do');
  }

  /**
   * Passes over `values` values, or over as much of them as is there; answers how many are missing. What is nested
   * counts too, so that a reader of more bytes can go on from `offset` with the answer.
   */
  skipSome(values: number): number {
    let pending = values;
    let end = this.#at;
    try {
      while (pending > 0) {
        pending += this.#skipOne() - 1;
        end = this.#at;
      }
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      this.#at = end;
    }
    return pending;
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    this.#require(length);
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  /** Passes over a head and its own payload; answers how many further values belong to it. */
  #skipOne(): number {
    const pairs = this.mapSize();
    if (pairs >= 0) return pairs * 2;
    const head = this.#next();
    const values = this.#arrayLength(head);
    if (values >= 0) return values;
    const raw = this.#rawLength(head);
    if (raw >= 0) this.take(raw);
    else this.take(this.#scalarLength(head));
    return 0;
  }

  #scalarLength(head: number): number {
    if (head < 0x80 || head >= 0xe0 || (head >= 0xc0 && head <= 0xc3 && head !== 0xc1)) return 0;
    if (head >= 0xc7 && head <= 0xc9) return this.#big(1 << (head - 0xc7), 'ext length') + 1;
    if (head === 0xca) return 4;
    if (head === 0xcb) return 8;
    if (head >= 0xcc && head <= 0xcf) return 1 << (head - 0xcc);
    if (head >= 0xd0 && head <= 0xd3) return 1 << (head - 0xd0);
    if (head >= 0xd4 && head <= 0xd8) return (1 << (head - 0xd4)) + 1;
    throw new WireError(`${hex(head)} starts no msgpack value`);
  }

  #mapLength(head: number): { bytes: number; small: number } {
    if ((head & 0xf0) === 0x80) return { bytes: 1, small: head & 0x0f };
    return { bytes: head === 0xde ? 3 : head === 0xdf ? 5 : 0, small: 0 };
  }

  #arrayLength(head: number): number {
    if ((head & 0xf0) === 0x90) return head & 0x0f;
    if (head === 0xdc || head === 0xdd) return this.#big(head === 0xdc ? 2 : 4, 'array size');
    return -1;
  }

  #rawLength(head: number): number {
    if ((head & 0xe0) === 0xa0) return head & 0x1f;
    if (head >= 0xc4 && head <= 0xc6) return this.#big(1 << (head - 0xc4), 'length');
    if (head >= 0xd9 && head <= 0xdb) return this.#big(1 << (head - 0xd9), 'length');
    return -1;
  }

  #big(width: number, field: string): number {
    let value = 0;
    for (const byte of this.take(width)) value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) throw new WireError(`${field} is above 2^53`);
    return value;
  }

  #signed(width: number, field: string): number {
    const negative = (this.#peek() & 0x80) !== 0;
    if (!negative) return this.#big(width, field);
    let value = 0;
    for (const byte of this.take(width)) value = value * 256 + (byte ^ 0xff);
    return -value - 1;
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new EndOfBytes('bytes end where a value was expected');
    return byte;
  }

  #next(): number {
    const byte = this.#peek();
    this.#at++;
    return byte;
  }

  #require(length: number): void {
    if (length > this.remaining) {
      throw new EndOfBytes(`${length} bytes announced, ${this.remaining} left`);
    }
  }
}
