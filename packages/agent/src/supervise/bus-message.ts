// D-Bus messages, as far as asking systemd takes them (D-Bus specification 0.43, "Message Protocol"): calls whose arguments are strings, and answers
// that are one string, object path, boolean or number, in a variant or by itself.

/** A method call. Arguments are strings. */
export interface BusCall {
  readonly serial: number;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly arguments: readonly string[];
}

/** A message that came. `value` is undefined for an error, and for what is no answer of the known types. */
export interface BusMessage {
  readonly type: 'return' | 'error' | 'other';
  /** Serial of the call that it answers; 0: none. */
  readonly replySerial: number;
  readonly value: string | number | bigint | boolean | undefined;
}

/** Longest message that is taken, bytes: the protocol allows 128 MiB, an answer of these types has a hundred. */
const longestMessage = 64 * 1024;
const destination = 'org.freedesktop.systemd1';
const littleEndian = 0x6c;

/** Bytes of a call. */
export function encodeCall(call: BusCall): Buffer {
  const body = new Writer();
  for (const argument of call.arguments) body.string(argument);
  const writer = new Writer();
  // Method call, no flags, version 1.
  for (const byte of [littleEndian, 1, 0, 1]) writer.byte(byte);
  writer.uint32(body.length);
  writer.uint32(call.serial);
  const fields = new Writer();
  fields.field(1, 'o', call.path);
  fields.field(2, 's', call.interface);
  fields.field(3, 's', call.member);
  fields.field(6, 's', destination);
  fields.field(8, 'g', 's'.repeat(call.arguments.length));
  writer.uint32(fields.length);
  // The fields begin at a multiple of 8, so that their own alignment is that of the message.
  writer.bytes(fields.take());
  writer.align(8);
  writer.bytes(body.take());
  return writer.take();
}

/** Length of the message at the beginning, once that is known. Throws an Error for what is no message, or too long a one. */
export function messageLength(received: Buffer): number | undefined {
  if (received.length < 16) return undefined;
  if (received[0] !== littleEndian) throw new Error('systemd answered with something else than a message');
  const length = 16 + padded(received.readUInt32LE(12), 8) + received.readUInt32LE(4);
  if (length > longestMessage) throw new Error(`systemd answered with a message of ${length} bytes`);
  return length;
}

/** A whole message. Throws a RangeError when it ends too early. */
export function decodeMessage(message: Buffer): BusMessage {
  const type = message[1] === 2 ? 'return' : message[1] === 3 ? 'error' : 'other';
  const end = 16 + message.readUInt32LE(12);
  const reader = new Reader(message, 16);
  let replySerial = 0;
  let signature = '';
  while (type !== 'other' && reader.at < end) {
    reader.align(8);
    const code = reader.byte();
    const value = reader.value(reader.signature());
    if (code === 5) replySerial = Number(value);
    if (code === 8) signature = String(value);
  }
  if (type !== 'return') return { type, replySerial, value: undefined };
  return { type, replySerial, value: new Reader(message, padded(end, 8)).value(signature) };
}

function padded(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}

class Writer {
  readonly #parts: Buffer[] = [];
  length = 0;

  bytes(part: Buffer): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  byte(value: number): void {
    this.bytes(Buffer.from([value]));
  }

  uint32(value: number): void {
    this.align(4);
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.bytes(part);
  }

  string(text: string): void {
    this.uint32(Buffer.byteLength(text));
    this.bytes(Buffer.from(`${text}\0`));
  }

  signature(text: string): void {
    this.byte(text.length);
    this.bytes(Buffer.from(`${text}\0`));
  }

  field(code: number, type: 'o' | 's' | 'g', value: string): void {
    this.align(8);
    this.byte(code);
    this.signature(type);
    if (type === 'g') this.signature(value);
    else this.string(value);
  }

  align(to: number): void {
    this.bytes(Buffer.alloc(padded(this.length, to) - this.length));
  }

  take(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

class Reader {
  readonly #message: Buffer;
  at: number;

  constructor(message: Buffer, at: number) {
    this.#message = message;
    this.at = at;
  }

  byte(): number {
    const value = this.#message.readUInt8(this.at);
    this.at += 1;
    return value;
  }

  signature(): string {
    return this.#text(this.byte());
  }

  align(to: number): void {
    this.at = padded(this.at, to);
  }

  /** One value; undefined for a type that isn't read. */
  value(type: string): BusMessage['value'] {
    switch (type) {
      case 'y':
        return this.byte();
      case 'b':
        return this.#uint32() === 1;
      case 'u':
        return this.#uint32();
      case 't':
        return this.#uint64();
      case 's':
      case 'o':
        return this.#text(this.#uint32());
      case 'g':
        return this.signature();
      case 'v':
        return this.value(this.signature());
      default:
        return undefined;
    }
  }

  #uint32(): number {
    this.align(4);
    const value = this.#message.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  #uint64(): bigint {
    this.align(8);
    const value = this.#message.readBigUInt64LE(this.at);
    this.at += 8;
    return value;
  }

  #text(length: number): string {
    const end = this.at + length;
    if (end >= this.#message.length) throw new RangeError('a text goes beyond its message');
    const text = this.#message.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }
}
