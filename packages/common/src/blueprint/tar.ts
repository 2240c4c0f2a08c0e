import { ShoalError } from '../errors/shoal-error.js';

/** One entry of a tar archive. */
export interface TarEntry {
  /** As it stands in the archive; nothing about it was judged. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** A file's content, a view into the archive. */
  readonly data: Uint8Array;
}

const blockSize = 512;
const decoder = new TextDecoder('utf-8');

/** Headers that say something about the next entry or all of them: pax records, and names in GNU's way. */
const pax = new Set(['x', 'g']);
const longName = 'L';

/**
 * The entries of a tar archive (ustar, with pax or GNU headers) that is held in memory. Names beyond 100 bytes are given as they are. Throws `invalid_input`
 * for what isn't a tar archive or is cut off, and as soon as there are more than `maxEntries` entries.
 */
export function readTar(archive: Uint8Array, place: string, maxEntries: number): TarEntry[] {
  const entries: TarEntry[] = [];
  let offset = 0;
  let name: string | undefined;
  while (offset + blockSize <= archive.length) {
    const header = archive.subarray(offset, offset + blockSize);
    if (header.every((byte) => byte === 0)) return entries;
    checkHeader(header, place, offset);
    const size = octal(header, 124, 12);
    const start = offset + blockSize;
    if (start + size > archive.length)
      throw faulty(place, `cut off in the entry ${JSON.stringify(nameOf(header))}`);
    const data = archive.subarray(start, start + size);
    offset = start + Math.ceil(size / blockSize) * blockSize;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === longName) name = text(data, 0, data.length);
    else if (type === 'x') name = paxPath(data) ?? name;
    if (type === longName || pax.has(type)) continue;
    if (entries.length === maxEntries)
      throw new ShoalError('invalid_input', `${place}: more than ${maxEntries} entries`);
    entries.push({ name: name ?? nameOf(header), kind: kindOf(type), data });
    name = undefined;
  }
  throw faulty(place, 'cut off: its end is missing');
}

function kindOf(type: string): TarEntry['kind'] {
  if (type === '0' || type === '\0' || type === '7') return 'file';
  if (type === '5') return 'directory';
  return type === '1' || type === '2' ? 'link' : 'other';
}

function nameOf(header: Uint8Array): string {
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The `path` of pax records, each `<length> <key>=<value>\n`. */
function paxPath(data: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(decoder.decode(data))?.[1];
}

/** The sum of all bytes of the header, its own field taken for spaces. */
function checkHeader(header: Uint8Array, place: string, offset: number): void {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (sum !== octal(header, 148, 8)) throw faulty(place, `not a tar archive: bad header at byte ${offset}`);
}

/** A number in octal digits; what is none is no size that fits, either. */
function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.POSITIVE_INFINITY;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

function faulty(place: string, reason: string): ShoalError {
  return new ShoalError('invalid_input', `${place}: ${reason}`);
}
