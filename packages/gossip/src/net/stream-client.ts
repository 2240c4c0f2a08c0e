import { connect, type Socket } from 'node:net';
import {
  type Address,
  type ExchangeResult,
  formatAddress,
  resultOf,
  type StreamMessage,
} from '../core/index.js';
import type { Envelope } from './envelope.js';
import { messageOf, reasonOf } from './gossip-error.js';
import { StreamReader } from './stream-reader.js';
import { startTimer } from './timer.js';
import type { Traffic } from './traffic.js';

/** How a dialed stream ended: `closed` is an orderly end without an answer. */
type Ending = ExchangeResult | 'closed';

/** Dials other nodes for one message and at most one answer each. */
export class StreamClient {
  readonly #envelope: Envelope;
  readonly #traffic: Traffic;
  readonly #sockets = new Set<Socket>();

  constructor(envelope: Envelope, traffic: Traffic) {
    this.#envelope = envelope;
    this.#traffic = traffic;
  }

  /**
   * Sends `request` to `to` and waits for the answer; `timeoutMs` is for all of it. Never rejects; an error doesn't name
   * the address.
   */
  async exchange(request: Uint8Array, to: Address, timeoutMs: number): Promise<ExchangeResult> {
    const ending = await this.#dial(request, to, timeoutMs);
    if (ending !== 'closed') return ending;
    this.#traffic.streamsFailed++;
    return { ok: false, error: 'closed without an answer' };
  }

  /**
   * Sends a message to which there is no answer; `timeoutMs` is for all of it. Gives what went wrong, or undefined
   * once the other side has closed the stream without a complaint, beginning with the address. Never rejects.
   */
  async tell(message: Uint8Array, to: Address, timeoutMs: number): Promise<string | undefined> {
    const ending = await this.#dial(message, to, timeoutMs);
    if (ending === 'closed') return undefined;
    return `${formatAddress(to)}: ${ending.ok ? complaintOf(ending.reply) : ending.error}`;
  }

  /** Breaks off all exchanges. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(message: Uint8Array, to: Address, timeoutMs: number): Promise<Ending> {
    return new Promise((resolve) => {
      const socket = connect({ host: to.host, port: to.port });
      this.#sockets.add(socket);
      this.#traffic.streamsOut++;
      const finish = (ending: Ending): void => {
        this.#sockets.delete(socket);
        clearTimeout(deadline);
        socket.destroy();
        resolve(ending);
      };
      const fail = (why: string, refused = false): void => {
        if (this.#sockets.has(socket)) this.#traffic.streamsFailed++;
        finish({ ok: false, error: why, refused });
      };
      const deadline = startTimer(() => fail(`no answer within ${Math.round(timeoutMs)} ms`), timeoutMs);
      socket.on('error', (error: NodeJS.ErrnoException) => {
        fail(reasonOf(error), error.code === 'ECONNREFUSED');
      });
      socket.on('end', () => finish('closed'));
      socket.on('close', () => fail('broken off'));
      const wrapped = this.#envelope.wrapStream(message, true);
      this.#traffic.streamBytesOut += wrapped.length;
      socket.write(wrapped);
      const reader = new StreamReader(this.#envelope, false);
      socket.on('data', (chunk) => {
        this.#traffic.streamBytesIn += chunk.length;
        try {
          const reply = reader.push(chunk);
          if (reply) finish(resultOf(reply));
        } catch (error) {
          fail(messageOf(error));
        }
      });
    });
  }
}

function complaintOf(reply: StreamMessage): string {
  return reply.type === 'error' ? reply.error : `answered with a message of type ${reply.type}`;
}
