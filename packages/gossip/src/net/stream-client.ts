import { connect, type Socket } from 'node:net';
import { type Address, type ExchangeResult, formatAddress, resultOf } from '../core/index.js';
import type { Envelope } from './envelope.js';
import { messageOf } from './gossip-error.js';
import { StreamReader } from './stream-reader.js';
import type { Traffic } from './traffic.js';

/** Dials other nodes for one request and one answer each. */
export class StreamClient {
  readonly #envelope: Envelope;
  readonly #traffic: Traffic;
  readonly #sockets = new Set<Socket>();

  constructor(envelope: Envelope, traffic: Traffic) {
    this.#envelope = envelope;
    this.#traffic = traffic;
  }

  /** Sends `request` to `to` and waits for the answer; `timeoutMs` is for all of it. Never rejects. */
  exchange(request: Uint8Array, to: Address, timeoutMs: number): Promise<ExchangeResult> {
    return new Promise((resolve) => {
      const socket = connect({ host: to.host, port: to.port });
      this.#sockets.add(socket);
      this.#traffic.streamsOut++;
      const finish = (result: ExchangeResult): void => {
        if (!result.ok && this.#sockets.has(socket)) this.#traffic.streamsFailed++;
        this.#sockets.delete(socket);
        clearTimeout(deadline);
        socket.destroy();
        resolve(result);
      };
      const fail = (why: string, refused = false): void =>
        finish({ ok: false, error: `${formatAddress(to)}: ${why}`, refused });
      const deadline = setTimeout(() => fail(`no answer within ${Math.round(timeoutMs)} ms`), timeoutMs);
      socket.on('error', (error: NodeJS.ErrnoException) =>
        fail(error.message, error.code === 'ECONNREFUSED'),
      );
      socket.on('close', () => fail('closed without an answer'));
      const wrapped = this.#envelope.wrapStream(request, true);
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

  /** Breaks off all exchanges. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
