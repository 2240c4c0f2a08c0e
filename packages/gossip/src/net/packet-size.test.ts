import { test } from 'tap';
import { encodePacket, Gossiper, type Host, type Packet, resolveConfig, type Timer } from '../core/index.js';
import type { Alive, PacketMessage } from '../core/wire/message-types.js';
import { seededRandom } from '../sim/prng.js';
import { Envelope } from './envelope.js';
import { Keyring } from './keyring.js';

/** A node whose datagrams are only measured, as they would go out: sealed, labeled, uncompressed. */
class MeasuredNode implements Host {
  readonly core: Gossiper;
  readonly random: () => number;
  readonly #envelope: Envelope;
  readonly #timers: { at: number; timer: Timer }[] = [];
  readonly lengths: number[] = [];
  #time = 0;

  constructor(seed: number, name: string, label: string, keys: Uint8Array[]) {
    this.random = seededRandom(seed);
    this.#envelope = new Envelope(Buffer.from(label), new Keyring(keys));
    this.core = new Gossiper(this, {
      name,
      address: { host: '10.0.0.1', port: 7946 },
      meta: new Uint8Array(512),
      config: resolveConfig('lan', { compress: false, serf: false }),
      packetOverhead: this.#envelope.packetOverhead,
    });
    this.core.start();
  }

  now(): number {
    return this.#time;
  }

  send(packet: Packet): void {
    this.lengths.push(this.#envelope.wrapPacket(encodePacket(packet, false)).length);
  }

  exchange(): void {}

  notify(): void {}

  schedule(delayMs: number, timer: Timer): void {
    this.#timers.push({ at: this.#time + delayMs, timer });
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  run(untilMs: number): void {
    const due = (): number => {
      this.#timers.sort((a, b) => a.at - b.at);
      return this.#timers[0]?.at ?? Number.POSITIVE_INFINITY;
    };
    while (due() <= untilMs) {
      const { at = untilMs, timer } = this.#timers.shift() ?? {};
      this.#time = at;
      if (timer) this.core.handleTimer(timer);
    }
    this.#time = untilMs;
  }
}

const VSN = Uint8Array.of(1, 5, 2, 2, 5, 5);

test('no datagram is larger than what was configured, whatever waits to be told', async (t) => {
  const from = { host: '10.0.0.9', port: 7946 };
  for (let seed = 1; seed <= 6; seed++) {
    const longNames = seed % 3 === 0;
    const keys = seed % 2 === 0 ? [new Uint8Array(16)] : [];
    const node = new MeasuredNode(seed, longNames ? 's'.repeat(128) : 's', 'l'.repeat((seed % 4) * 85), keys);
    const nameOf = (i: number): string => `${i}`.padStart(longNames ? 255 : 1 + node.below(20), 'n');
    const names = Array.from({ length: 40 }, (_, i) => nameOf(i));
    const alive = (name: string, incarnation: number): Alive => ({
      type: 'alive',
      incarnation,
      node: name,
      addr: Uint8Array.of(10, 0, 1, node.below(250)),
      port: 7946,
      meta: new Uint8Array(node.below(513)),
      vsn: VSN,
    });
    for (let round = 0; round < 200; round++) {
      const name = names[node.below(names.length)] ?? 'x';
      const claims: PacketMessage[] = [
        alive(name, round),
        { type: 'suspect', incarnation: round, node: name, from: names[0] ?? 'x' },
        { type: 'ping', seqNo: round, node: '', sourceAddr: null, sourcePort: 0, sourceNode: name },
        { type: 'nack', seqNo: round },
      ];
      node.core.handleMessages([claims[node.below(claims.length)] ?? alive(name, round)], from);
      if (node.below(4) === 0) node.core.broadcast(new Uint8Array(node.below(node.core.maxMessageBytes) + 1));
      node.run(node.now() + node.below(300));
    }
    node.core.send(new Uint8Array(node.core.maxMessageBytes), from, names[0]);
    const longest = Math.max(...node.lengths);
    t.ok(longest <= 1400, `${longest} bytes`);
    t.ok(longest > 1200, 'and the room is used');
  }
});
