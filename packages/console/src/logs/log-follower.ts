import type { LogLine } from '@shoal/common';
import type { ApiError } from '../api/api-error.js';
import { watch } from '../api/watch.js';
import { LogBuffer } from './log-buffer.js';
import { logRow, noteRow } from './log-rows.js';

/** What is followed. Empty texts filter nothing. */
export interface LogFilter {
  readonly node: string;
  readonly service: string;
  readonly source: string;
  readonly grep: string;
}

export interface FollowerHandlers {
  readonly onState: (state: 'connecting' | 'live' | 'lost') => void;
  readonly onRefused: (error: ApiError) => void;
  /** Lines that came while paused. */
  readonly onWaiting: (count: number) => void;
  /** Lines that are shown. */
  readonly onShown: (count: number) => void;
}

/** Most rows that are kept on the page. */
export const rowLimit = 2_000;
const backlog = 200;
const drawEveryMs = 120;

/** Follows log lines into a scrolling element: draws in bursts, stays at the end while the reader is there, keeps a bounded number of rows. */
export class LogFollower {
  readonly #scroller: HTMLElement;
  readonly #filter: LogFilter;
  readonly #handlers: FollowerHandlers;
  readonly #abort = new AbortController();
  readonly #seen = new LogBuffer(rowLimit);
  #waiting: Node[] = [];
  #paused = false;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  /** The reader is at the end and wants to stay there. */
  atEnd = true;

  constructor(scroller: HTMLElement, filter: LogFilter, handlers: FollowerHandlers) {
    this.#scroller = scroller;
    this.#filter = filter;
    this.#handlers = handlers;
    scroller.replaceChildren();
  }

  start(): void {
    const { node, service, source, grep } = this.#filter;
    const asked = {
      ...(node === '' ? {} : { node }),
      ...(service === '' ? {} : { service }),
      ...(source === '' ? {} : { source }),
      ...(grep === '' ? {} : { grep }),
    };
    const input = () => {
      const since = this.#seen.newestAt;
      return since === undefined ? { ...asked, backlog } : { ...asked, since, backlog: rowLimit };
    };
    let lost = false;
    watch(
      'log.watch',
      input,
      {
        onOpen: () => {
          if (lost) this.#take(noteRow('connected again'));
          lost = false;
          this.#handlers.onState('live');
        },
        onData: (line) => this.#line(line),
        onLost: () => {
          lost = true;
          this.#handlers.onState('lost');
        },
        onRefused: this.#handlers.onRefused,
      },
      this.#abort.signal,
    );
  }

  stop(): void {
    this.#abort.abort();
    clearTimeout(this.#drawing);
  }

  /** Paused, lines wait (bounded) and nothing moves. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#draw();
  }

  toEnd(): void {
    this.atEnd = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #line(line: LogLine): void {
    if (this.#seen.add(line)) this.#take(logRow(line, this.#filter.node === ''));
  }

  #take(row: Node): void {
    this.#waiting.push(row);
    if (this.#waiting.length > rowLimit * 1.2) this.#waiting = this.#waiting.slice(-rowLimit);
    this.#drawing ??= setTimeout(() => this.#draw(), drawEveryMs);
  }

  #draw(): void {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    if (this.#paused) {
      this.#handlers.onWaiting(this.#waiting.length);
      return;
    }
    const scroller = this.#scroller;
    scroller.append(...this.#waiting);
    this.#waiting = [];
    while (scroller.childElementCount > rowLimit) scroller.firstElementChild?.remove();
    if (this.atEnd) scroller.scrollTop = scroller.scrollHeight;
    this.#handlers.onWaiting(0);
    this.#handlers.onShown(scroller.childElementCount);
  }
}
