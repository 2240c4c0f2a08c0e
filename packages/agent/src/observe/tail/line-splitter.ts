/** A whole line, and the offset right after its end, counted from where the splitter began. */
export interface SplitLine {
  readonly text: string;
  readonly end: number;
  /** It was longer; what followed was cut off. */
  readonly isCut?: true;
}

/** Longest line that is kept, bytes (proto: LogRecord.line); the rest of a longer one is cut off. */
export const maxLineBytes: number = 64 * 1024;

/** Cuts a byte stream into lines. Holds at most one unfinished line of `maxLineBytes` bytes, however long it gets. */
export class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** More of the line came than is held. */
  #isFull = false;
  #offset: number;
  readonly #limit: number;

  /** `offset`: where in the source the first byte stands. */
  constructor(offset = 0, limit: number = maxLineBytes) {
    this.#offset = offset;
    this.#limit = limit;
  }

  /** Offset of the next byte that will be pushed. */
  get offset(): number {
    return this.#offset;
  }

  /** Takes bytes in; returns the lines that they ended. `chunk` may be reused by the caller afterwards. */
  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      lines.push({ ...this.#finish(chunk.subarray(start, end)), end: this.#offset + end + 1 });
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    this.#offset += chunk.length;
    return lines;
  }

  /** The unfinished line as a line, when there is one: its source ends here. */
  flush(): SplitLine | undefined {
    if (this.#heldBytes === 0) return undefined;
    return { ...this.#finish(Buffer.alloc(0)), end: this.#offset };
  }

  #hold(rest: Buffer): void {
    const room = this.#limit - this.#heldBytes;
    this.#isFull ||= rest.length > room;
    if (room > 0) {
      this.#held.push(Buffer.from(rest.subarray(0, room)));
      this.#heldBytes += Math.min(rest.length, room);
    }
  }

  #finish(tail: Buffer): Omit<SplitLine, 'end'> {
    const whole = this.#heldBytes === 0 ? tail : Buffer.concat([...this.#held, tail]);
    this.#held = [];
    this.#heldBytes = 0;
    const cut = this.#isFull || whole.length > this.#limit;
    this.#isFull = false;
    const kept = cut ? whole.subarray(0, this.#limit) : whole;
    const end = !cut && kept.at(-1) === 0x0d ? kept.length - 1 : kept.length;
    const text = kept.toString('utf8', 0, end);
    return cut ? { text: text.replace(/\uFFFD+$/, ''), isCut: true } : { text };
  }
}
