import { StringDecoder } from 'node:string_decoder';
import { noRedactor, type Redactor } from '@shoal/common';

/** Longest line in bytes that is passed on whole; the rest of a longer one follows as lines of its own. */
export const maxLineBytes: number = 64 * 1024;

/** Takes a stream of bytes apart into lines (`\n` or `\r\n`), whatever the chunks. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #redactor: () => Redactor;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** `redactor`: a line that is too long is taken apart beside its values, never in the midst of one. Default: none is known. */
  constructor(onLine: (line: string) => void, redactor: () => Redactor = () => noRedactor) {
    this.#onLine = onLine;
    this.#redactor = redactor;
  }

  /** Bytes of a line that hasn't ended yet. */
  get pendingBytes(): number {
    return Buffer.byteLength(this.#rest);
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(chunk))).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    while (this.#rest.length > maxLineBytes) {
      const most = this.#rest.slice(0, maxLineBytes);
      // A value that is longer than a line may be can't be kept whole.
      const length = this.#redactor().whole(most) || most.length;
      this.#onLine(most.slice(0, length));
      this.#rest = this.#rest.slice(length);
    }
  }

  /** The stream ended: what is left is the last line. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#emit(rest);
  }

  #emit(line: string): void {
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
