/*
 * Node names arrive as raw bytes that need not be valid UTF-8, and must be re-gossiped unchanged. A byte that does
 * not decode becomes the lone surrogate U+DC80..U+DCFF, which encodes back to that same byte (the idea of PEP 383).
 */

const ESCAPE_BASE = 0xdc00;

function continuation(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] ?? 0;
  return (byte & 0xc0) === 0x80 ? byte & 0x3f : -1;
}

/** Returns the code point at `at` and its length in bytes, or length 0 where the bytes are not valid UTF-8. */
function codePointAt(bytes: Uint8Array, at: number): [codePoint: number, length: number] {
  const first = bytes[at] ?? 0;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0) return [0, 0];
  let codePoint = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const bits = continuation(bytes, at + i);
    if (bits < 0) return [0, 0];
    codePoint = (codePoint << 6) | bits;
  }
  const overlong = (length === 3 && codePoint < 0x800) || (length === 4 && codePoint < 0x10000);
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return overlong || surrogate || codePoint > 0x10ffff ? [0, 0] : [codePoint, length];
}

/** UTF-16 units made into a string at a time: adding them one by one would take 32 bytes of memory for each. */
const UNITS_AT_A_TIME = 1024;

/** Decodes UTF-8 so that `encodeUtf8` gives the same bytes back, whether they were valid or not. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = '';
  let units: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at += pushUnits(units, bytes, at);
    if (units.length < UNITS_AT_A_TIME) continue;
    text += String.fromCharCode(...units);
    units = [];
  }
  return text + String.fromCharCode(...units);
}

/** Adds the UTF-16 units of the character at `at`; answers how many bytes it took. */
function pushUnits(units: number[], bytes: Uint8Array, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte < 0x80) {
    units.push(byte);
    return 1;
  }
  const [codePoint, length] = codePointAt(bytes, at);
  if (length === 0) units.push(ESCAPE_BASE + byte);
  else if (codePoint < 0x10000) units.push(codePoint);
  else units.push(0xd800 + ((codePoint - 0x10000) >> 10), 0xdc00 + (codePoint & 0x3ff));
  return Math.max(1, length);
}

function pushCodePoint(out: number[], codePoint: number): void {
  if (codePoint < 0x80) out.push(codePoint);
  else if (codePoint < 0x800) out.push(0xc0 | (codePoint >> 6), 0x80 | (codePoint & 0x3f));
  else if (codePoint >= ESCAPE_BASE + 0x80 && codePoint <= ESCAPE_BASE + 0xff)
    out.push(codePoint - ESCAPE_BASE);
  else if (codePoint < 0x10000) {
    out.push(0xe0 | (codePoint >> 12), 0x80 | ((codePoint >> 6) & 0x3f), 0x80 | (codePoint & 0x3f));
  } else {
    out.push(0xf0 | (codePoint >> 18), 0x80 | ((codePoint >> 12) & 0x3f));
    out.push(0x80 | ((codePoint >> 6) & 0x3f), 0x80 | (codePoint & 0x3f));
  }
}

/** Almost all names are plain; undefined for those that are not. */
function encodeAscii(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return undefined;
    out[i] = unit;
  }
  return out;
}

/** Encodes text as UTF-8; bytes that `decodeUtf8` had to escape come out as they were. */
export function encodeUtf8(text: string): Uint8Array {
  const ascii = encodeAscii(text);
  if (ascii) return ascii;
  const out: number[] = [];
  for (const character of text) pushCodePoint(out, character.codePointAt(0) ?? 0);
  return Uint8Array.from(out);
}
