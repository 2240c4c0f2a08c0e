import { resultOf } from '../core/host.js';
import {
  type Address,
  type Exchange,
  encodePacket,
  encodeStream,
  formatAddress,
  type GossipEvent,
  Gossiper,
  type Host,
  type Packet,
  resolveConfig,
  type StreamMessage,
  type Timer,
} from '../core/index.js';
import { decodePacket } from '../core/wire/packet.js';
import { seededRandom } from '../sim/prng.js';
import { rule } from './door.js';
import { Op, type Step } from './program.js';

/** Where all packets seem to come from. */
const STRANGER: Address = { host: '10.9.9.9', port: 4000 };

/** Exchanges that a program can answer; older ones fail, as they would by their deadline. */
const MAX_EXCHANGES = 64;

/** Most timers run for one step, so that a leap of a day doesn't simulate the day. */
const MAX_TIMERS_AT_ONCE = 300;

const config = resolveConfig('lan');

/** A core among strangers, whose host checks all that it asks for. */
export class Subject implements Host {
  readonly core: Gossiper;
  readonly #random = seededRandom(1);
  #time = 1000;
  #timers: { at: number; timer: Timer }[] = [];
  #exchanges: Exchange[] = [];
  #hasLeft = false;
  #incarnation = 0;

  constructor() {
    const address = { host: '10.0.0.1', port: 7946 };
    this.core = new Gossiper(this, { name: 'self', address, meta: new Uint8Array(0), config });
    this.core.start();
  }

  /** Runs one step; throws BrokenRule if the member then is not what it must be. */
  run({ op, body }: Step): void {
    if (op === Op.packet) this.core.handlePacket(body, STRANGER);
    else if (op === Op.stream) this.core.handleStream(body);
    else if (op === Op.time) this.#pass(readNumber(body));
    else if (op === Op.act) this.#act(body);
    else this.#answer(op === Op.answer ? body : undefined);
    this.#check();
  }

  now(): number {
    return this.#time;
  }

  random(): number {
    return this.#random();
  }

  send(packet: Packet, to: Address): void {
    const bytes = encodePacket(packet, true);
    const { errors } = decodePacket(bytes);
    rule(errors.length === 0, () => `sends what it can't read: ${errors[0]?.message}`);
    rule(bytes.length <= config.udpBytes, () => `sends a datagram of ${bytes.length} bytes`);
    checkAddress(to);
  }

  exchange(request: StreamMessage, to: Address, exchange: Exchange): void {
    const result = resultOf(encodeStream(request, true));
    rule(result.ok, () => `dials with what it can't read: ${result.ok ? '' : result.error}`);
    checkAddress(to);
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > MAX_EXCHANGES) this.#exchanges.shift();
  }

  schedule(delayMs: number, timer: Timer): void {
    rule(delayMs >= 0 && delayMs < 2 ** 31, () => `a timer of ${delayMs} ms`);
    this.#timers.push({ at: this.#time + delayMs, timer });
  }

  notify(event: GossipEvent): void {
    if (event.kind === 'left') this.#hasLeft = true;
    if (event.kind === 'member') rule(event.node.name !== '', () => `a change of a node without a name`);
  }

  #pass(ms: number): void {
    const until = this.#time + ms;
    for (let left = MAX_TIMERS_AT_ONCE; left > 0; left--) {
      const next = this.#earliest();
      if (!next || next.at > until) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#time = Math.max(this.#time, next.at);
      this.core.handleTimer(next.timer);
    }
    this.#time = until;
  }

  #earliest(): { at: number; timer: Timer } | undefined {
    let first = this.#timers[0];
    for (const asked of this.#timers) if (first && asked.at < first.at) first = asked;
    return first;
  }

  #answer(reply: Uint8Array | undefined): void {
    const exchange = this.#exchanges.shift();
    if (!exchange) return;
    this.core.handleReply(exchange, reply ? resultOf(reply) : { ok: false, error: 'no answer' });
  }

  #act(body: Uint8Array): void {
    const rest = body.subarray(1, 513);
    switch ((body[0] ?? 0) % 5) {
      case 0:
        if (!this.#leaving) this.core.setMeta(rest);
        break;
      case 1:
        this.core.broadcast(rest);
        break;
      case 2:
        this.core.join({ host: '10.0.0.9', port: 7946 });
        break;
      case 3:
        this.core.setSeeds([{ host: '10.0.0.9', port: 7946 }, this.core.self.address]);
        break;
      default:
        this.core.leave();
    }
  }

  get #leaving(): boolean {
    return this.#hasLeft || this.core.self.status === 'left';
  }

  #check(): void {
    const { self, queued } = this.core;
    rule(self.status === 'alive' || self.status === 'left', () => `believes itself ${self.status}`);
    rule(self.incarnation >= this.#incarnation, () => `its incarnation goes back to ${self.incarnation}`);
    rule(self.incarnation <= 0xffff_ffff, () => `its incarnation is ${self.incarnation}`);
    this.#incarnation = self.incarnation;
    const nodes = this.core.members().length;
    rule(queued <= nodes + 1024, () => `${queued} updates wait in a cluster of ${nodes}`);
    rule(this.#timers.length <= 6 * nodes + 4096, () => `${this.#timers.length} timers for ${nodes} nodes`);
    rule(
      this.core.healthScore >= 0 && this.core.healthScore < config.awarenessMax,
      () => `its health score is off`,
    );
  }
}

function readNumber(body: Uint8Array): number {
  let value = 0;
  for (const byte of body.subarray(0, 4)) value = value * 256 + byte;
  return value;
}

function checkAddress({ host, port }: Address): void {
  rule(port > 0 && port < 65_536, () => `sends to ${formatAddress({ host, port })}`);
}
