import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Answer } from './answer.js';
import { readAnswer } from './answer.js';

/** A request that got no complete answer. */
export interface NoAnswer {
  readonly reason: string;
  /** The connection was closed, by the other side, before any byte of an answer. */
  readonly unanswered: boolean;
}

/** How a request ended on its connection. */
export type Outcome = { readonly answer: Answer } | { readonly failure: NoAnswer };

interface Exchange {
  readonly method: string;
  readonly resolve: (outcome: Outcome) => void;
  readonly timer: NodeJS.Timeout;
  received: Buffer;
}

const nothing = Buffer.alloc(0);

/** One connection to a target, which carries one request at a time. Bare sockets: the generator shares its cores with what it measures. */
export class Connection {
  readonly #socket: Socket;
  readonly #closed: (connection: Connection) => void;
  #exchange: Exchange | undefined;
  #open = true;
  /** Requests that it has carried. */
  uses = 0;

  /** `closed` is called once, when the connection is of no more use. */
  constructor(target: URL, closed: (connection: Connection) => void) {
    this.#closed = closed;
    const host = target.hostname.replace(/^\[|\]$/g, '');
    this.#socket = connect({ host, port: Number(target.port || 80), noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#received(bytes));
    this.#socket.on('end', () => this.#lost('closed'));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? error.message));
    this.#socket.on('close', () => this.#lost('closed'));
  }

  /** Sends a request and waits for its answer, or for the end of its time. */
  send(method: string, request: Buffer, timeoutMs: number): Promise<Outcome> {
    this.uses += 1;
    return new Promise((resolve) => {
      if (!this.#open) return resolve({ failure: { reason: 'closed before the request', unanswered: true } });
      const tooLate = (): void =>
        this.#end({ failure: { reason: `no answer within ${timeoutMs / 1000} s`, unanswered: false } });
      this.#exchange = { method, resolve, timer: setTimeout(tooLate, timeoutMs), received: nothing };
      this.#socket.write(request);
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.destroy();
    this.#closed(this);
  }

  #received(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Bytes that nobody asked for: a server's last words (408) before it closes an idle connection.
      this.close();
      return;
    }
    exchange.received = exchange.received.length === 0 ? bytes : Buffer.concat([exchange.received, bytes]);
    this.#read(exchange, false);
  }

  #read(exchange: Exchange, ended: boolean): void {
    try {
      const answer = readAnswer(exchange.received, exchange.method, ended);
      if (answer !== 'partial') this.#end({ answer });
    } catch (thrown) {
      this.#end({ failure: { reason: (thrown as Error).message, unanswered: false } });
    }
  }

  #lost(reason: string): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.close();
      return;
    }
    if (exchange.received.length > 0) this.#read(exchange, true);
    if (this.#exchange === undefined) return;
    const unanswered = exchange.received.length === 0;
    const when = unanswered ? 'before' : 'in the middle of';
    this.#end({
      failure: { reason: `${reason === 'closed' ? '' : `${reason}, `}closed ${when} the answer`, unanswered },
    });
  }

  #end(outcome: Outcome): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    clearTimeout(exchange.timer);
    if (!('answer' in outcome) || !outcome.answer.keep) this.close();
    exchange.resolve(outcome);
  }
}
