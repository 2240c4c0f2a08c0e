import {
  type Address,
  type Application,
  type Exchange,
  encodePacket,
  formatAddress,
  type GossipConfig,
  type GossipEvent,
  Gossiper,
  type Host,
  noApplication,
  type Packet,
  resolveConfig,
  type StreamMessage,
  type Timer,
} from '../core/index.js';
import type { PacketMessage } from '../core/wire/message-types.js';
import { decodePacket } from '../core/wire/packet.js';
import { seededRandom } from './prng.js';

/** A timer that the core asked for. */
export interface AskedTimer {
  at: number;
  timer: Timer;
}

/** The simplest driver of a core: writes down all that it asks for, and does only what the test says. */
export class RecordingHost implements Host {
  readonly core: Gossiper;
  readonly sent: { to: string; messages: PacketMessage[]; crc: boolean }[] = [];
  readonly timers: AskedTimer[] = [];
  readonly exchanges: { to: Address; exchange: Exchange; request: StreamMessage }[] = [];
  readonly events: GossipEvent[] = [];
  readonly #random: () => number;
  time = 0;

  /** A core named `self` at 10.0.0.1:7946. */
  constructor(
    overrides: Partial<GossipConfig> = {},
    incarnation = 0,
    seed = 1,
    application: Application = noApplication,
  ) {
    this.#random = seededRandom(seed);
    const address = { host: '10.0.0.1', port: 7946 };
    const config = resolveConfig('lan', overrides);
    const meta = new Uint8Array(0);
    this.core = new Gossiper(this, { name: 'self', address, meta, config, incarnation, application });
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return this.#random();
  }

  send(packet: Packet, to: Address): void {
    // Through bytes and back, so that tests see what a receiver would.
    const { messages } = decodePacket(encodePacket(packet, true));
    this.sent.push({ to: formatAddress(to), messages, crc: packet.crc });
  }

  exchange(request: StreamMessage, to: Address, exchange: Exchange): void {
    this.exchanges.push({ to, exchange, request });
  }

  schedule(delayMs: number, timer: Timer): void {
    this.timers.push({ at: this.time + delayMs, timer });
  }

  notify(event: GossipEvent): void {
    this.events.push(event);
  }

  /** Hands the timers of one kind that are due at `time` to the core, and lets time pass until then. */
  fire(kind: Timer['kind'], time: number): void {
    this.time = time;
    const due = this.timers.filter((asked) => asked.timer.kind === kind && asked.at <= time);
    for (const asked of due) {
      this.timers.splice(this.timers.indexOf(asked), 1);
      this.core.handleTimer(asked.timer);
    }
  }

  /** All messages sent so far of one type. */
  messages<T extends PacketMessage['type']>(type: T): Extract<PacketMessage, { type: T }>[] {
    const all = this.sent.flatMap((packet) => packet.messages);
    return all.filter((message): message is Extract<PacketMessage, { type: T }> => message.type === type);
  }

  /** Names of the member changes told so far, as `change name`. */
  changes(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'member' ? [`${event.change} ${event.node.name}`] : [],
    );
  }

  /** Kinds of the warnings told so far. */
  warnings(): string[] {
    return this.events.flatMap((event) => (event.kind === 'warning' ? [event.warning] : []));
  }
}
