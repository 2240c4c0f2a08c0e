import type { Scheduler, Task } from './scheduler.js';

/** Datagrams that a socket's receive buffer holds for a process that doesn't read; more are lost, as in a kernel. */
export const SOCKET_BUFFER_PACKETS = 256;

/** What a process is doing: `frozen` as by SIGSTOP, its sockets still open; `stopped` for good. */
export type ProcessState = 'running' | 'frozen' | 'stopped';

/**
 * When a simulated process gets to handle what came for it: at once, after delays of its own (an overloaded host),
 * or when it is thawed. One thing at a time, like an event loop; packets before timers.
 */
export class Process {
  readonly #scheduler: Scheduler;
  readonly #random: () => number;
  readonly #packets: Task[] = [];
  readonly #others: Task[] = [];
  readonly #step: Task = { run: () => this.#work() };
  #stepping = false;
  #slowMs = 0;
  #state: ProcessState = 'running';
  /** Datagrams lost because the buffer of the socket was full. */
  overflowed: number = 0;

  constructor(scheduler: Scheduler, random: () => number) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Greatest delay of each handling, ms; 0 for a healthy process. */
  get slowMs(): number {
    return this.#slowMs;
  }

  /** Tasks that wait to be handled. */
  get waiting(): number {
    return this.#packets.length + this.#others.length;
  }

  /** From now on each handling is delayed by 0 to `maxMs`; 0 makes the process healthy again. */
  slow(maxMs: number): void {
    this.#slowMs = maxMs;
    if (this.#state === 'running') this.#resume();
  }

  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  /** What waited is handled now, packets first. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    this.#resume();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#packets.length = 0;
    this.#others.length = 0;
  }

  /** Takes a datagram that arrived. */
  packet(task: Task): void {
    if (this.#state === 'running' && this.#slowMs === 0) task.run();
    else if (this.#state !== 'stopped') {
      if (this.#packets.length < SOCKET_BUFFER_PACKETS) this.#packets.push(task);
      else this.overflowed++;
      this.#arm();
    }
  }

  /** Takes a timer that is due, or what came over a stream. */
  other(task: Task): void {
    if (this.#state === 'running' && this.#slowMs === 0) task.run();
    else if (this.#state !== 'stopped') {
      this.#others.push(task);
      this.#arm();
    }
  }

  #resume(): void {
    if (this.#slowMs > 0) this.#arm();
    else for (let next = this.#next(); next; next = this.#next()) next.run();
  }

  #arm(): void {
    if (this.#stepping || this.#state !== 'running' || this.waiting === 0) return;
    this.#stepping = true;
    this.#scheduler.schedule(this.#random() * this.#slowMs, this.#step);
  }

  #work(): void {
    this.#stepping = false;
    if (this.#state !== 'running') return;
    this.#next()?.run();
    this.#arm();
  }

  #next(): Task | undefined {
    return this.#packets.shift() ?? this.#others.shift();
  }
}
