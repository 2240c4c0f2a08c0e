import {
  type Address,
  type Exchange,
  type ExchangeResult,
  encodePacket,
  encodeStream,
  type GossipEvent,
  type Host,
  type Packet,
  type StreamMessage,
  type Timer,
} from '../core/index.js';
import type { Envelope } from './envelope.js';
import type { StreamClient } from './stream-client.js';
import { startTimer } from './timer.js';
import type { UdpSocket } from './udp.js';

/** Where the host passes on what the core must hear. */
export interface HostSinks {
  timer(timer: Timer): void;
  reply(exchange: Exchange, result: ExchangeResult): void;
  notify(event: GossipEvent): void;
}

/** The real world for the core: monotonic clock, sockets, timers of the event loop. */
export class SocketHost implements Host {
  readonly #udp: UdpSocket;
  readonly #client: StreamClient;
  readonly #envelope: Envelope;
  readonly #sinks: HostSinks;
  readonly #compress: boolean;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  /** @param compress whether to compress what that makes smaller. */
  constructor(udp: UdpSocket, client: StreamClient, envelope: Envelope, compress: boolean, sinks: HostSinks) {
    this.#udp = udp;
    this.#client = client;
    this.#envelope = envelope;
    this.#compress = compress;
    this.#sinks = sinks;
  }

  now(): number {
    return performance.now();
  }

  random(): number {
    return Math.random();
  }

  send(packet: Packet, to: Address): void {
    if (this.#stopped) return;
    this.#udp.send(this.#envelope.wrapPacket(encodePacket(packet, this.#compress)), to);
  }

  exchange(request: StreamMessage, to: Address, exchange: Exchange, timeoutMs: number): void {
    if (this.#stopped) return;
    this.#client.exchange(encodeStream(request, this.#compress), to, timeoutMs).then(
      (result) => {
        if (!this.#stopped) this.#sinks.reply(exchange, result);
      },
      () => undefined,
    );
  }

  schedule(delayMs: number, timer: Timer): void {
    if (this.#stopped) return;
    const handle = startTimer(() => {
      this.#timers.delete(handle);
      // If the process was busy or stopped, the answer that this timer waits for may lie in the socket: read first.
      setImmediate(() => this.#fire(timer));
    }, delayMs);
    this.#timers.add(handle);
  }

  notify(event: GossipEvent): void {
    this.#sinks.notify(event);
  }

  /** Ends all timers; nothing reaches the core any more. */
  stop(): void {
    this.#stopped = true;
    for (const handle of this.#timers) clearTimeout(handle);
    this.#timers.clear();
  }

  #fire(timer: Timer): void {
    if (!this.#stopped) this.#sinks.timer(timer);
  }
}
