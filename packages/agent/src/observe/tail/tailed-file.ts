import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Position } from '../spool/entry.js';
import { LineSplitter, type SplitLine } from './line-splitter.js';

const fingerprintBytes = 256;

/** Position in one file: inode, offset after the last whole line, and a digest of the file's first bytes, since inodes are used again. */
export type FilePosition = { i: number; o: number; n: number; h: string };

/** Reads a spooled position back; undefined when it isn't one of a file. */
export function asFilePosition(position: Position): FilePosition | undefined {
  const { i, o, n, h } = position as Partial<FilePosition>;
  const sound =
    typeof i === 'number' && typeof o === 'number' && typeof n === 'number' && typeof h === 'string';
  return sound ? { i, o, n, h } : undefined;
}

/** One open log file, read line by line from an offset on. It is followed by inode: a rename doesn't matter to it. */
export class TailedFile {
  readonly inode: number;
  readonly #file: FileHandle;
  #splitter: LineSplitter;
  #lineEnd: number;
  #fingerprint: { n: number; h: string };

  private constructor(
    file: FileHandle,
    inode: number,
    offset: number,
    fingerprint: { n: number; h: string },
  ) {
    this.#file = file;
    this.inode = inode;
    this.#splitter = new LineSplitter(offset);
    this.#lineEnd = offset;
    this.#fingerprint = fingerprint;
  }

  /** Opens at the file's end or beginning. */
  static async open(path: string, from: 'beginning' | 'end'): Promise<TailedFile> {
    const file = await open(path, 'r');
    const { ino, size } = await file.stat();
    const offset = from === 'beginning' ? 0 : size;
    return new TailedFile(file, ino, offset, await digest(file, offset));
  }

  /**
   * Opens where an earlier reader was. Undefined when the file at `path` isn't the one that it read. A file that got shorter but begins
   * the same lost its tail in a power cut: it is read on from its end.
   */
  static async resume(path: string, position: FilePosition): Promise<TailedFile | undefined> {
    const file = await open(path, 'r');
    const { ino, size } = await file.stat();
    const same = ino === position.i && (await beginsWith(file, position.n, position.h));
    if (!same) {
      await file.close();
      return undefined;
    }
    return new TailedFile(file, ino, Math.min(position.o, size), { n: position.n, h: position.h });
  }

  /** Where it has been read to: the end of the last whole line. */
  get position(): FilePosition {
    return this.positionAt(this.#lineEnd);
  }

  /** Bytes read so far, the unfinished last line included. */
  get readTo(): number {
    return this.#splitter.offset;
  }

  /** The position behind the line that ends at `offset`. */
  positionAt(offset: number): FilePosition {
    return { i: this.inode, o: offset, ...this.#fingerprint };
  }

  /**
   * Notices that the file was cut or written anew in place (`copytruncate`) and starts over. One that got shorter but begins the same
   * is read on from its end. Returns whether it started over.
   */
  async noticeTruncation(): Promise<boolean> {
    const { size } = await this.#file.stat();
    const same = await beginsWith(this.#file, this.#fingerprint.n, this.#fingerprint.h);
    if (same && size >= this.#splitter.offset) return false;
    const offset = same && this.#fingerprint.n > 0 ? size : 0;
    this.#splitter = new LineSplitter(offset);
    this.#lineEnd = offset;
    if (offset === 0) this.#fingerprint = await digest(this.#file, 0);
    return offset === 0;
  }

  /** Reads the next piece into `buffer`. `bytes` 0: nothing new. */
  async read(buffer: Buffer): Promise<{ lines: SplitLine[]; bytes: number }> {
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#splitter.offset);
    if (bytesRead === 0) return { lines: [], bytes: 0 };
    const lines = this.#splitter.push(buffer.subarray(0, bytesRead));
    this.#lineEnd = lines.at(-1)?.end ?? this.#lineEnd;
    if (this.#fingerprint.n < fingerprintBytes) this.#fingerprint = await digest(this.#file, this.#lineEnd);
    return { lines, bytes: bytesRead };
  }

  /** The unfinished last line, when the file won't grow any more. */
  flush(): SplitLine | undefined {
    const line = this.#splitter.flush();
    this.#lineEnd = line?.end ?? this.#lineEnd;
    return line;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function digest(file: FileHandle, upTo: number): Promise<{ n: number; h: string }> {
  const buffer = Buffer.alloc(Math.min(upTo, fingerprintBytes));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  const hash = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16);
  return { n: bytesRead, h: hash };
}

async function beginsWith(file: FileHandle, length: number, hash: string): Promise<boolean> {
  if (length === 0) return true;
  const found = await digest(file, length);
  return found.n === length && found.h === hash;
}
