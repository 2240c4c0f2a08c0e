import { StringDecoder } from 'node:string_decoder';

/** Longest line in bytes that is passed on whole; the rest of a longer one follows as lines of its own. */
export const maxLineBytes: number = 64 * 1024;

/** Takes a stream of bytes apart into lines (`\n` or `\r\n`), whatever the chunks. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
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
      this.#onLine(this.#rest.slice(0, maxLineBytes));
      this.#rest = this.#rest.slice(maxLineBytes);
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
