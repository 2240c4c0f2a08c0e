import { ShoalError } from '../errors/shoal-error.js';

/** Bytes that are inserted, then bytes that are copied from the base. */
export interface DeltaPart {
  readonly insert: Uint8Array;
  readonly from: number;
  readonly length: number;
}

/** Shortest run in the midst that is worth a copy, and the grid on which the base is searched, bytes. */
const block = 32;
/** More bytes between what is common at both ends aren't searched: they are inserted. */
const searched = 4 * 1024 * 1024;
/** What a part takes on the wire beside its insert, bytes at most. */
const partBytes = 16;
/** Longest document that a delta may make, bytes: what a message may hold. */
const longest = 16 * 1024 * 1024;

/** How `target` is made of `base`. Common ends cost one comparison; in between, what is the same in blocks of 32 bytes is found wherever it stands. */
export function makeDelta(base: Buffer, target: Buffer): DeltaPart[] {
  const shared = Math.min(base.length, target.length);
  let prefix = 0;
  while (prefix < shared && base[prefix] === target[prefix]) prefix += 1;
  let suffix = 0;
  const rest = shared - prefix;
  while (suffix < rest && base[base.length - 1 - suffix] === target[target.length - 1 - suffix]) suffix += 1;
  const writer = new DeltaWriter(target);
  writer.copy(0, 0, prefix);
  const baseEnd = base.length - suffix;
  const targetEnd = target.length - suffix;
  if (baseEnd - prefix <= searched && targetEnd - prefix <= searched) {
    copyBlocks(base.subarray(0, baseEnd), target.subarray(0, targetEnd), prefix, writer);
  }
  writer.copy(targetEnd, baseEnd, suffix);
  return writer.end();
}

/** Bytes that a delta takes on the wire, at most. */
export function deltaBytes(parts: readonly DeltaPart[]): number {
  return parts.reduce((sum, { insert }) => sum + insert.length + partBytes, 0);
}

/** The document that a delta makes of its base. @throws ShoalError `invalid_input` when it isn't one of this base: before anything of that size is made */
export function applyDelta(base: Buffer, parts: readonly DeltaPart[], size: number): Buffer {
  let total = 0;
  for (const { insert, from, length } of parts) {
    if (from + length > base.length)
      throw unfit(`copies bytes ${from} to ${from + length} of ${base.length}`);
    total += insert.length + length;
    if (total > size || total > longest) throw unfit(`makes more than ${Math.min(size, longest)} bytes`);
  }
  if (total !== size) throw unfit(`makes ${total} bytes instead of ${size}`);
  return Buffer.concat(
    parts.flatMap(({ insert, from, length }) => [insert, base.subarray(from, from + length)]),
    size,
  );
}

function unfit(what: string): ShoalError {
  return new ShoalError('invalid_input', `the delta ${what}`);
}

class DeltaWriter {
  readonly #target: Buffer;
  readonly #parts: DeltaPart[] = [];
  /** Target bytes that are written. */
  #done = 0;

  constructor(target: Buffer) {
    this.#target = target;
  }

  get done(): number {
    return this.#done;
  }

  /** Target bytes at `at` are those of the base at `from`. What stands before them is inserted. */
  copy(at: number, from: number, length: number): void {
    if (length === 0) return;
    this.#parts.push({ insert: this.#target.subarray(this.#done, at), from, length });
    this.#done = at + length;
  }

  end(): DeltaPart[] {
    if (this.#done < this.#target.length) {
      this.#parts.push({ insert: this.#target.subarray(this.#done), from: 0, length: 0 });
    }
    return this.#parts;
  }
}

/** A polynomial over 32 bits that rolls on byte by byte. */
const factor = 0x01000193;
const leaving = Array.from({ length: block }).reduce((power: number) => Math.imul(power, factor), 1);

function hashOf(bytes: Buffer, at: number): number {
  let hash = 0;
  for (let index = at; index < at + block; index += 1)
    hash = (Math.imul(hash, factor) + (bytes[index] ?? 0)) | 0;
  return hash;
}

function copyBlocks(base: Buffer, target: Buffer, start: number, writer: DeltaWriter): void {
  if (target.length - start < block || base.length - start < block) return;
  const blocks = new Map<number, number>();
  for (let at = start; at + block <= base.length; at += block) {
    const hash = hashOf(base, at);
    if (!blocks.has(hash)) blocks.set(hash, at);
  }
  let at = start;
  let hash = hashOf(target, at);
  while (at + block <= target.length) {
    const from = blocks.get(hash);
    const length = from === undefined ? 0 : sameBytes(base, from, target, at);
    if (from !== undefined && length >= block) {
      const before = sameBefore(base, from, target, at, writer.done);
      writer.copy(at - before, from - before, length + before);
      at += length;
      if (at + block <= target.length) hash = hashOf(target, at);
      continue;
    }
    const next = target[at + block] ?? 0;
    hash = (Math.imul(hash, factor) + next - Math.imul(leaving, target[at] ?? 0)) | 0;
    at += 1;
  }
}

function sameBytes(base: Buffer, from: number, target: Buffer, at: number): number {
  const most = Math.min(base.length - from, target.length - at);
  let length = 0;
  while (length < most && base[from + length] === target[at + length]) length += 1;
  return length;
}

function sameBefore(base: Buffer, from: number, target: Buffer, at: number, done: number): number {
  let length = 0;
  while (length < from && at - length > done && base[from - length - 1] === target[at - length - 1])
    length += 1;
  return length;
}
