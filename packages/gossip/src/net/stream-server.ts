import { createServer, type Server, type Socket } from 'node:net';
import { type Address, encodeStreamMessage, WireError } from '../core/index.js';
import { bindError } from './bind-error.js';
import type { Envelope } from './envelope.js';
import { StreamReader } from './stream-reader.js';
import type { Traffic } from './traffic.js';

/** Most streams served at a time; further ones are closed at once. */
const MAX_STREAMS = 128;

/** Most bytes held for all unfinished streams together. */
const MAX_HELD_BYTES = 64 << 20;

/** What the server needs. */
export interface StreamServerOptions {
  envelope: Envelope;
  traffic: Traffic;
  timeoutMs: number;
  /** Answers a plain message; undefined closes without an answer. */
  answer(message: Uint8Array): Uint8Array | undefined;
  /** Told of streams that are no messages. */
  refused(reason: string): void;
}

/** Accepts streams: one message in, at most one out, then the end. */
export class StreamServer {
  readonly #server: Server;
  readonly #options: StreamServerOptions;
  readonly #sockets = new Set<Socket>();
  #heldBytes = 0;

  private constructor(options: StreamServerOptions) {
    this.#options = options;
    // The dialer may end its side after the request; its answer still has to go out.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens; throws GossipError with the address in its message. */
  static async listen(address: Address, options: StreamServerOptions): Promise<StreamServer> {
    const server = new StreamServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', (error) => reject(bindError('TCP', address, error)));
      server.#server.listen({ host: address.host, port: address.port, exclusive: true }, resolve);
    });
    server.#server.removeAllListeners('error');
    server.#server.on('error', (error) => options.refused(error.message));
    return server;
  }

  /** The port that was really bound. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const { traffic, timeoutMs } = this.#options;
    traffic.streamsIn++;
    if (this.#sockets.size >= MAX_STREAMS) {
      traffic.streamsRefused++;
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    // A deadline for the whole stream, not for silence: a trickle must not hold a place for ever.
    const deadline = setTimeout(() => this.#refuse(socket, 'too slow'), timeoutMs);
    let held = 0;
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#sockets.delete(socket);
      this.#heldBytes -= held;
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      if (!socket.writableEnded) socket.end();
    });
    const reader = new StreamReader(this.#options.envelope, true);
    socket.on('data', (chunk) => {
      held += chunk.length;
      this.#heldBytes += chunk.length;
      traffic.streamBytesIn += chunk.length;
      this.#read(socket, reader, chunk);
    });
  }

  #read(socket: Socket, reader: StreamReader, chunk: Uint8Array): void {
    if (socket.writableEnded) return;
    if (this.#heldBytes > MAX_HELD_BYTES) {
      this.#refuse(socket, 'too much unfinished data');
      return;
    }
    try {
      const message = reader.push(chunk);
      if (message) this.#finish(socket, this.#options.answer(message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#options.traffic.streamsRefused++;
      this.#options.refused(error.message);
      this.#finish(socket, encodeStreamMessage({ type: 'error', error: error.message }));
    }
  }

  #finish(socket: Socket, answer: Uint8Array | undefined): void {
    if (!answer) {
      socket.end();
      return;
    }
    const wrapped = this.#options.envelope.wrapStream(answer, false);
    this.#options.traffic.streamBytesOut += wrapped.length;
    socket.end(wrapped);
  }

  #refuse(socket: Socket, reason: string): void {
    this.#options.traffic.streamsRefused++;
    this.#options.refused(reason);
    socket.destroy();
  }
}
