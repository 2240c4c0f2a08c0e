import { createServer, type Server, type Socket } from 'node:net';
import { type Address, encodeStreamMessage, WireError } from '../core/index.js';
import { bindError } from './bind-error.js';
import type { Envelope } from './envelope.js';
import { StreamReader } from './stream-reader.js';
import { startTimer } from './timer.js';
import type { Traffic } from './traffic.js';

/** How much a server takes on. */
export interface StreamServerLimits {
  /** Most streams at a time. */
  streams: number;
  /** Most bytes held for all of them together: requests that are not whole yet, and answers not taken yet. */
  heldBytes: number;
}

const DEFAULT_LIMITS: StreamServerLimits = { streams: 128, heldBytes: 64 << 20 };

/** What the server needs. */
export interface StreamServerOptions {
  envelope: Envelope;
  traffic: Traffic;
  timeoutMs: number;
  /** Answers a plain message; undefined closes without an answer. */
  answer(message: Uint8Array): Uint8Array | undefined;
  /** Told of streams that are no messages. */
  refused(reason: string): void;
  /** Default 128 streams, 64 MiB. */
  limits?: StreamServerLimits;
}

/** An accepted stream, from its first byte until it is closed. */
interface Accepted {
  readonly socket: Socket;
  readonly reader: StreamReader;
  held: number;
}

/**
 * Accepts streams: one message in, at most one out, then the end. Where a limit is reached, the oldest streams are
 * broken off: an honest one takes milliseconds, so that those who hold many open for long can't keep it out.
 */
export class StreamServer {
  readonly #server: Server;
  readonly #options: StreamServerOptions;
  readonly #limits: StreamServerLimits;
  /** In the order of acceptance. */
  readonly #accepted = new Set<Accepted>();
  #heldBytes = 0;

  private constructor(options: StreamServerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
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
    for (const { socket } of this.#accepted) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const { traffic, timeoutMs, envelope } = this.#options;
    traffic.streamsIn++;
    const stream: Accepted = { socket, reader: new StreamReader(envelope, true), held: 0 };
    this.#accepted.add(stream);
    // A deadline for the whole stream, not for silence: a trickle must not hold a place for ever.
    const deadline = startTimer(() => this.#refuse(stream, 'too slow'), timeoutMs);
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#release(stream);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      if (!socket.writableEnded) socket.end();
    });
    socket.on('data', (chunk) => this.#read(stream, chunk));
    if (this.#accepted.size > this.#limits.streams) this.#refuseOldest('too many at a time');
  }

  #read(stream: Accepted, chunk: Uint8Array): void {
    const { traffic, answer, refused } = this.#options;
    traffic.streamBytesIn += chunk.length;
    // What comes after the message is let go by, and not held.
    if (stream.socket.writableEnded || stream.socket.destroyed) return;
    this.#hold(stream, stream.held + chunk.length);
    if (stream.socket.destroyed) return;
    try {
      const message = stream.reader.push(chunk);
      if (message) this.#finish(stream, answer(message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      traffic.streamsRefused++;
      refused(error.message);
      this.#finish(stream, encodeStreamMessage({ type: 'error', error: error.message }));
    }
  }

  #finish(stream: Accepted, answer: Uint8Array | undefined): void {
    const wrapped = answer && this.#options.envelope.wrapStream(answer, false);
    this.#options.traffic.streamBytesOut += wrapped?.length ?? 0;
    if (wrapped) stream.socket.write(wrapped);
    stream.socket.end();
    this.#hold(stream, wrapped?.length ?? 0);
  }

  /** Counts what a stream holds from now on, and makes room if that is too much for all. */
  #hold(stream: Accepted, bytes: number): void {
    this.#heldBytes += bytes - stream.held;
    stream.held = bytes;
    while (this.#heldBytes > this.#limits.heldBytes) this.#refuseOldest('too much unfinished data');
  }

  #release(stream: Accepted): void {
    this.#accepted.delete(stream);
    this.#heldBytes -= stream.held;
    stream.held = 0;
  }

  #refuseOldest(reason: string): void {
    const [oldest] = this.#accepted;
    if (oldest) this.#refuse(oldest, reason);
  }

  #refuse(stream: Accepted, reason: string): void {
    this.#options.traffic.streamsRefused++;
    this.#options.refused(reason);
    this.#release(stream);
    stream.socket.destroy();
  }
}
