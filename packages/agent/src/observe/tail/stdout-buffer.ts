import type { Logger } from 'pino';
import type { LineSink } from './line-sink.js';
import { maxLineBytes } from './line-splitter.js';

/** What a buffer for a process's own output needs. */
export interface StdoutBufferOptions {
  readonly sink: LineSink;
  readonly logger: Logger;
  readonly service: string;
  /** Lines that wait at most; the oldest go first. Default 2000. */
  readonly maxLines?: number;
  readonly now?: () => number;
}

/**
 * Takes a child process's lines, which can't wait in a file: when the spool takes nothing, the oldest waiting ones are dropped, counted,
 * and the gap is logged where it is, among the lines.
 */
export class StdoutBuffer {
  readonly #options: Required<StdoutBufferOptions>;
  readonly #abort = new AbortController();
  #waiting: { text: string; at: number }[] = [];
  #dropped = 0;
  #flushing: Promise<void> | undefined;

  constructor(options: StdoutBufferOptions) {
    this.#options = { maxLines: 2000, now: Date.now, ...options };
  }

  /** Takes one line; never waits. */
  push(line: string): void {
    if (this.#abort.signal.aborted) return;
    const text = line.length > maxLineBytes ? line.slice(0, maxLineBytes) : line;
    this.#waiting.push({ text, at: this.#options.now() });
    if (this.#waiting.length > this.#options.maxLines) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#flushing ??= this.#flush();
  }

  /** Puts what waits into the spool as far as that takes it at once, and ends. */
  async stop(): Promise<void> {
    const patience = setTimeout(() => this.#abort.abort(), 200);
    await this.#flushing;
    clearTimeout(patience);
    this.#abort.abort();
  }

  async #flush(): Promise<void> {
    // One turn of the event loop, so that lines that come together are written together.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.splice(0, 500);
        const gap = this.#takeGap(lines[0]?.at);
        await this.#options.sink.append(gap === undefined ? lines : [gap, ...lines], this.#abort.signal);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted)
        this.#options.logger.warn({ err: error }, 'spooling process output failed');
    } finally {
      this.#flushing = undefined;
    }
  }

  #takeGap(at: number | undefined): { text: string; at: number; fields: Record<string, string> } | undefined {
    if (this.#dropped === 0) return undefined;
    const lost = this.#dropped;
    this.#dropped = 0;
    this.#options.logger.warn(
      { service: this.#options.service, lost },
      'lines of process output were dropped',
    );
    return {
      text: `[shoal] ${lost} lines were dropped here: the spool was full`,
      at: at ?? this.#options.now(),
      fields: { level: 'warning', shoal_lost_lines: String(lost) },
    };
  }
}
