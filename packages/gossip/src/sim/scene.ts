import type { Exchange, ExchangeResult, GossipConfig, NodeStatus } from '../core/index.js';
import { encodeMessage } from '../core/wire/message-encoder.js';
import type { PacketMessage } from '../core/wire/message-types.js';
import { RecordingHost } from './recording-host.js';

/** How a peer of a scene behaves. */
export interface Peer {
  /** Acks pings after this many ms; undefined: never. Default 1. */
  ackMs: number | undefined;
  /** What connecting to it gives: an ack, a refusal, or nothing in time. Default ack. */
  tcp: 'ack' | 'refused' | 'silent';
  /** What it says of others that it is asked to ping: nack after 160 ms, an ack that reached it, or nothing. */
  asHelper: 'nack' | 'ack' | 'mute';
}

/** One core among peers that follow a script: exact times, no network. */
export class Scene {
  readonly host: RecordingHost;
  readonly #peers = new Map<string, Peer>();
  readonly #due: { at: number; run: () => void }[] = [];
  #reacted = 0;
  #dialed = 0;

  /** A started core that knows the named peers, all of them healthy. */
  constructor(names: readonly string[], config: Partial<GossipConfig> = {}, seed = 1) {
    this.host = new RecordingHost({ pushPullIntervalMs: 1e9, rejoinIntervalMs: 1e9, ...config }, 0, seed);
    const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);
    for (const [i, node] of names.entries()) {
      this.#peers.set(node, { ackMs: 1, tcp: 'ack', asHelper: 'nack' });
      const addr = Uint8Array.of(10, 0, 0, i + 2);
      this.tell({ type: 'alive', node, incarnation: 1, addr, port: 7946, meta: null, vsn });
    }
    this.host.core.start();
  }

  /** Changes how a peer behaves from now on. */
  let(name: string, change: Partial<Peer>): void {
    Object.assign(this.peer(name), change);
  }

  peer(name: string): Peer {
    const peer = this.#peers.get(name);
    if (!peer) throw new Error(`no peer ${name}`);
    return peer;
  }

  /** Hands the core a message. */
  tell(message: PacketMessage): void {
    this.host.core.handlePacket(encodeMessage(message), { host: '10.0.0.99', port: 7946 });
    this.#react();
  }

  status(name: string): NodeStatus | undefined {
    return this.host.core.members().find((member) => member.name === name)?.status;
  }

  /** Lets time pass until `done`, at most `limitMs`; returns the time that it took. Throws if it is never so. */
  until(done: () => boolean, limitMs: number): number {
    const start = this.host.time;
    while (!done()) if (!this.#step(start + limitMs)) throw new Error(`not so after ${limitMs} ms`);
    return this.host.time - start;
  }

  pass(ms: number): void {
    const end = this.host.time + ms;
    while (this.#step(end)) this.#react();
    this.host.time = end;
  }

  /** The process is stopped for a while: timers are late, what arrives is read before them. */
  freeze(ms: number): void {
    this.host.time += ms;
    for (const event of this.#due.filter(({ at }) => at <= this.host.time)) this.#run(event);
  }

  /** Runs what comes next, unless that is after `end`. */
  #step(end: number): boolean {
    const timers = this.host.timers.map((asked) => ({ at: asked.at, asked }));
    const [next] = [...this.#due, ...timers].sort((a, b) => a.at - b.at);
    if (!next || next.at > end) return false;
    this.host.time = Math.max(this.host.time, next.at);
    if ('run' in next) this.#run(next);
    else {
      this.host.timers.splice(this.host.timers.indexOf(next.asked), 1);
      this.host.core.handleTimer(next.asked.timer);
    }
    this.#react();
    return true;
  }

  #run(event: { at: number; run: () => void }): void {
    this.#due.splice(this.#due.indexOf(event), 1);
    event.run();
  }

  #after(ms: number, run: () => void): void {
    this.#due.push({ at: this.host.time + ms, run });
  }

  #react(): void {
    const { sent, exchanges } = this.host;
    for (; this.#reacted < sent.length; this.#reacted++) {
      const { to, messages } = sent[this.#reacted] ?? { to: '', messages: [] };
      for (const message of messages) this.#answer(to, message);
    }
    for (; this.#dialed < exchanges.length; this.#dialed++) {
      const dialed = exchanges[this.#dialed];
      if (dialed?.request.type === 'ping')
        this.#dial(dialed.request.node, dialed.exchange, dialed.request.seqNo);
    }
  }

  #answer(to: string, message: PacketMessage): void {
    if (message.type === 'ping') {
      const { ackMs } = this.peer(message.node);
      if (ackMs !== undefined) this.#reply(ackMs, { type: 'ack', seqNo: message.seqNo, payload: null });
    } else if (message.type === 'indirect') {
      const helper = [...this.#peers.values()][Number(to.split(/[.:]/)[3]) - 2];
      const { seqNo } = message;
      if (helper?.asHelper === 'ack') this.#reply(2, { type: 'ack', seqNo, payload: null });
      if (helper?.asHelper === 'nack') this.#reply(160, { type: 'nack', seqNo });
    }
  }

  #dial(name: string, exchange: Exchange, seqNo: number): void {
    const { tcp } = this.peer(name);
    const results: Record<Peer['tcp'], { ms: number; result: ExchangeResult }> = {
      ack: { ms: 1, result: { ok: true, reply: { type: 'ack', seqNo, payload: null } } },
      refused: { ms: 1, result: { ok: false, error: 'refused', refused: true } },
      silent: { ms: 1000, result: { ok: false, error: 'timeout' } },
    };
    const { ms, result } = results[tcp];
    this.#after(ms, () => this.host.core.handleReply(exchange, result));
  }

  #reply(ms: number, message: PacketMessage): void {
    this.#after(ms, () => this.tell(message));
  }
}
