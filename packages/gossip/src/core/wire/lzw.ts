import { WireError } from './wire-error.js';

/*
 * LZW as memberlist uses it: codes packed from the least significant bit, 8-bit literals, widths of 9 to 12.
 * `next` is the code that the table will assign; it counts the code of the first literal after a clear as well.
 */
const CLEAR = 256;
const END = 257;
const FIRST_WIDTH = 9;
const LAST_WIDTH = 12;
const LAST_CODE = 4095;
const NONE = -1;

class BitWriter {
  readonly #out: Uint8Array;
  #length = 0;
  #bits = 0;
  #held = 0;

  /** @param codes most codes that will be written. */
  constructor(codes: number) {
    this.#out = new Uint8Array(Math.ceil((codes * LAST_WIDTH) / 8) + 1);
  }

  write(code: number, width: number): void {
    this.#bits |= code << this.#held;
    this.#held += width;
    while (this.#held >= 8) {
      this.#out[this.#length++] = this.#bits & 0xff;
      this.#bits >>>= 8;
      this.#held -= 8;
    }
  }

  finish(): Uint8Array {
    if (this.#held > 0) this.#out[this.#length++] = this.#bits & 0xff;
    return this.#out.slice(0, this.#length);
  }
}

/** Slots of the string table: a power of two, four times what it can hold. */
const SLOT_BITS = 14;

/** Spreads keys over the slots (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;

/**
 * Codes of the strings seen, by prefix code and last byte. Open addressing in one array: a slot holds the key in
 * its upper 20 bits and the code, which is never 0, in the lower 12.
 */
class StringTable {
  readonly #slots = new Uint32Array(1 << SLOT_BITS);

  clear(): void {
    this.#slots.fill(0);
  }

  /** The code of a key, or undefined. */
  get(key: number): number | undefined {
    const slot = this.#slots[this.#find(key)] ?? 0;
    return slot === 0 ? undefined : slot & LAST_CODE;
  }

  set(key: number, code: number): void {
    this.#slots[this.#find(key)] = ((key << LAST_WIDTH) | code) >>> 0;
  }

  #find(key: number): number {
    let at = Math.imul(key, SPREAD) >>> (32 - SLOT_BITS);
    for (;;) {
      const slot = this.#slots[at] ?? 0;
      if (slot === 0 || slot >>> LAST_WIDTH === key) return at;
      at = (at + 1) & ((1 << SLOT_BITS) - 1);
    }
  }
}

class Encoder {
  readonly #bits: BitWriter;
  readonly #table = new StringTable();
  #width = FIRST_WIDTH;
  #next = END;

  /** @param length how many bytes will be encoded. */
  constructor(length: number) {
    // At worst a code for each byte, a clear for each full table, and the marks at both ends.
    this.#bits = new BitWriter(length + Math.ceil(length / (LAST_CODE - END)) + 4);
  }

  emit(code: number): void {
    this.#bits.write(code, this.#width);
  }

  /** Counts one emitted code; at the end of the code space starts over and answers false. */
  advance(): boolean {
    this.#next++;
    if (this.#next === 1 << this.#width) this.#width++;
    if (this.#next < LAST_CODE) return true;
    this.emit(CLEAR);
    this.#table.clear();
    this.#width = FIRST_WIDTH;
    this.#next = END;
    return false;
  }

  encode(input: Uint8Array): Uint8Array {
    this.emit(CLEAR);
    let current = NONE;
    for (const byte of input) {
      const key = (current << 8) | byte;
      const known = current === NONE ? byte : this.#table.get(key);
      if (known !== undefined) {
        current = known;
        continue;
      }
      this.emit(current);
      current = byte;
      if (this.advance()) this.#table.set(key, this.#next);
    }
    if (current !== NONE) {
      this.emit(current);
      this.advance();
    }
    this.emit(END);
    return this.#bits.finish();
  }
}

/** Compresses; the output is byte for byte what Go's encoder gives. */
export function lzwCompress(input: Uint8Array): Uint8Array {
  return new Encoder(input.length).encode(input);
}

class Decoder {
  readonly #input: Uint8Array;
  readonly #limit: number;
  readonly #prefix = new Uint16Array(LAST_CODE + 1);
  readonly #suffix = new Uint8Array(LAST_CODE + 1);
  #out: Uint8Array;
  #length = 0;
  #at = 0;
  #bits = 0;
  #held = 0;
  #width = FIRST_WIDTH;
  #next = END;
  #last = NONE;

  constructor(input: Uint8Array, limit: number) {
    this.#input = input;
    this.#limit = limit;
    this.#out = new Uint8Array(Math.min(limit, Math.max(256, input.length * 3)));
  }

  decode(): Uint8Array {
    for (;;) {
      const code = this.#read();
      if (code === END) return this.#out.subarray(0, this.#length);
      if (code === CLEAR) this.#reset();
      else this.#accept(code);
    }
  }

  #reset(): void {
    this.#width = FIRST_WIDTH;
    this.#next = END;
    this.#last = NONE;
  }

  #read(): number {
    while (this.#held < this.#width) {
      const byte = this.#input[this.#at++];
      if (byte === undefined) throw new WireError('compressed data ends without an end code');
      this.#bits |= byte << this.#held;
      this.#held += 8;
    }
    const code = this.#bits & ((1 << this.#width) - 1);
    this.#bits >>>= this.#width;
    this.#held -= this.#width;
    return code;
  }

  #accept(code: number): void {
    const unseen = code === this.#next && this.#last !== NONE;
    if (code > END && !unseen && code >= this.#next) {
      throw new WireError(`compressed data uses code ${code} before it is defined`);
    }
    // A code used in the very step that defines it stands for the last string plus that string's first byte.
    const first = this.#expand(unseen ? this.#last : code, unseen);
    if (this.#last !== NONE) {
      this.#suffix[this.#next] = first;
      this.#prefix[this.#next] = this.#last;
    }
    this.#last = code;
    this.#next++;
    if (this.#next < 1 << this.#width) return;
    if (this.#width < LAST_WIDTH) this.#width++;
    else {
      this.#last = NONE;
      this.#next--;
    }
  }

  /** Writes the string of `code` (and its first byte again if `doubled`); answers that first byte. */
  #expand(code: number, doubled: boolean): number {
    let length = doubled ? 2 : 1;
    for (let c = code; c > END; c = this.#prefix[c] ?? 0) length++;
    this.#grow(length);
    let at = this.#length + length - (doubled ? 2 : 1);
    let c = code;
    for (; c > END; c = this.#prefix[c] ?? 0) this.#out[at--] = this.#suffix[c] ?? 0;
    this.#out[at] = c;
    if (doubled) this.#out[this.#length + length - 1] = c;
    this.#length += length;
    return c;
  }

  #grow(extra: number): void {
    const needed = this.#length + extra;
    if (needed > this.#limit) throw new WireError(`data expands beyond ${this.#limit} bytes`);
    if (needed <= this.#out.length) return;
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.#out.length * 2)));
    grown.set(this.#out.subarray(0, this.#length));
    this.#out = grown;
  }
}

/** Expands what `lzwCompress` or Go made. Throws WireError if it is damaged or longer than `limit` bytes. */
export function lzwExpand(input: Uint8Array, limit: number): Uint8Array {
  return new Decoder(input, limit).decode();
}
