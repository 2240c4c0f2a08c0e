import {
  type Exchange,
  type ExchangeResult,
  encodeStream,
  resultOf,
  type StreamMessage,
} from '../core/index.js';
import type { Network } from './network.js';
import type { Place } from './place.js';
import type { Scheduler, Task } from './scheduler.js';
import type { SimNode } from './sim-node.js';

/** What a stream needs of the world. */
export interface StreamWorld {
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly mode: 'bytes' | 'objects';
}

/**
 * One exchange over TCP: connect, request, reply, close. The kernel of a host answers for a frozen process and
 * refuses for a stopped one; a host that is gone, and a link cut in either direction, mean silence until the timeout.
 */
export class SimStream {
  readonly #world: StreamWorld;
  readonly #asker: SimNode;
  readonly #to: Place;
  readonly #exchange: Exchange;
  readonly #request: StreamMessage;
  #open = true;

  constructor(world: StreamWorld, asker: SimNode, to: Place, request: StreamMessage, exchange: Exchange) {
    this.#world = world;
    this.#asker = asker;
    this.#to = to;
    this.#exchange = exchange;
    this.#request = request;
  }

  /** Begins: the asker hears of the outcome within `timeoutMs`. */
  dial(timeoutMs: number): void {
    this.#after(timeoutMs, { run: () => this.#finish({ ok: false, error: 'timeout' }) });
    const connectMs = this.#leg(true) + this.#leg(false);
    if (!this.#passes()) return;
    this.#after(connectMs, { run: () => this.#connected() });
  }

  #connected(): void {
    if (!this.#to.up || !this.#passes()) return;
    if (this.#to.process?.running) this.#after(this.#leg(true), { run: () => this.#arrived() });
    else this.#finish({ ok: false, error: 'refused', refused: true });
  }

  #arrived(): void {
    const process = this.#to.process;
    if (this.#to.up && this.#passes()) process?.takeTask({ run: () => this.#answer(process) });
  }

  #answer(process: SimNode): void {
    const result =
      this.#world.mode === 'bytes' ? askInBytes(process, this.#request) : ask(process, this.#request);
    if (this.#passes()) this.#after(this.#leg(false), { run: () => this.#finish(result) });
  }

  #finish(result: ExchangeResult): void {
    if (!this.#open) return;
    this.#open = false;
    const { core } = this.#asker;
    this.#asker.takeTask({ run: () => core.handleReply(this.#exchange, result) });
  }

  #passes(): boolean {
    const { network } = this.#world;
    return network.passes(this.#asker.place, this.#to) && network.passes(this.#to, this.#asker.place);
  }

  #leg(there: boolean): number {
    const [from, to] = there ? [this.#asker.place, this.#to] : [this.#to, this.#asker.place];
    return this.#world.network.streamDelay(from, to);
  }

  #after(delayMs: number, task: Task): void {
    this.#world.scheduler.schedule(delayMs, task);
  }
}

const CLOSED: ExchangeResult = { ok: false, error: 'closed' };

function ask(process: SimNode, request: StreamMessage): ExchangeResult {
  const reply = process.core.handleRequest(request);
  return reply ? { ok: true, reply } : CLOSED;
}

function askInBytes(process: SimNode, request: StreamMessage): ExchangeResult {
  const reply = process.core.handleStream(encodeStream(request, process.compresses));
  return reply ? resultOf(reply) : CLOSED;
}
