/** What the payloads of Serf hold, apart from floats. */
export type Packed = string | number | boolean | null | Packed[] | { [key: string]: Packed };

/** Encodes as Serf's old msgpack does; strings, non-negative integers up to 127, booleans and small maps are enough here. */
export function pack(value: Packed): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value > 127)
      throw new RangeError(`${value} is not packed here`);
    return Buffer.of(value);
  }
  if (typeof value === 'string')
    return Buffer.concat([rawHeader(Buffer.byteLength(value)), Buffer.from(value)]);
  const parts = Array.isArray(value) ? value.map(pack) : Object.entries(value).flat().map(pack);
  const size = Array.isArray(value) ? parts.length : parts.length / 2;
  if (size > 15) throw new RangeError(`${size} items are not packed here`);
  return Buffer.concat([Buffer.of((Array.isArray(value) ? 0x90 : 0x80) | size), ...parts]);
}

function rawHeader(length: number): Buffer {
  return length < 32 ? Buffer.of(0xa0 | length) : Buffer.of(0xda, length >> 8, length & 0xff);
}

/** Decodes one value; bytes come as text. Throws RangeError for a type that neither tags nor user events hold. */
export function unpack(bytes: Uint8Array): Packed {
  return new Unpacker(Buffer.from(bytes)).value();
}

class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(): Packed {
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#list(type & 0x0f);
    if (type < 0xc0) return this.#text(type & 0x1f);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(2 ** (type - 0xcc));
      case 0xd9:
        return this.#text(this.#uint(1));
      case 0xda:
        return this.#text(this.#uint(2));
      case 0xdc:
        return this.#list(this.#uint(2));
      case 0xde:
        return this.#map(this.#uint(2));
      default:
        throw new RangeError(`msgpack type 0x${type.toString(16)} at ${this.#at - 1} is not unpacked here`);
    }
  }

  #uint(size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  #text(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  #list(size: number): Packed[] {
    return Array.from({ length: size }, () => this.value());
  }

  #map(size: number): { [key: string]: Packed } {
    return Object.fromEntries(Array.from({ length: size }, () => [String(this.value()), this.value()]));
  }
}
