import type { LogLine } from '@shoal/common';

/**
 * The last lines, bounded, each once: a stream that connects again begins with lines that are held already. Their
 * cursors tell.
 */
export class LogBuffer {
  readonly #limit: number;
  readonly #cursors = new Set<string>();
  #lines: LogLine[] = [];
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Lines that had to make room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Time of the newest line, to go on from. */
  get newestAt(): number | undefined {
    return this.#lines.at(-1)?.at;
  }

  /** Adds a line; false when it was there already. */
  add(line: LogLine): boolean {
    const cursor = `${line.node} ${line.cursor}`;
    if (this.#cursors.has(cursor)) return false;
    this.#cursors.add(cursor);
    this.#lines.push(line);
    if (this.#lines.length > this.#limit * 1.2) this.#shrink();
    return true;
  }

  #shrink(): void {
    const surplus = this.#lines.length - this.#limit;
    this.#dropped += surplus;
    this.#lines = this.#lines.slice(surplus);
    this.#cursors.clear();
    for (const line of this.#lines) this.#cursors.add(`${line.node} ${line.cursor}`);
  }
}
