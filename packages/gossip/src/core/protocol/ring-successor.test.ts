import { test } from 'tap';
import { seededRandom } from '../../sim/prng.js';
import { Scene } from '../../sim/scene.js';
import type { NodeStatus } from '../nodes/node-record.js';
import { NodeTable } from '../nodes/node-table.js';
import { RingSuccessor } from './ring-successor.js';

const NAMES = Array.from({ length: 12 }, (_, i) => `node-${i}`);

/** One node's table and ring, changed together as by the membership. */
class Seat {
  readonly #table: NodeTable;
  readonly #ring: RingSuccessor;

  constructor(name: string) {
    this.#table = new NodeTable({ name, facts: facts(), incarnation: 1 }, seededRandom(1));
    this.#ring = new RingSuccessor(this.#table);
  }

  set(name: string, status: NodeStatus): void {
    const node = this.#table.get(name) ?? this.#table.insert({ name, facts: facts(), incarnation: 1 });
    this.#table.setStatus(node, status, 0);
    this.#ring.changed(node);
  }

  get successor(): string | undefined {
    return this.#ring.get()?.name;
  }
}

const facts = () => ({
  addr: Uint8Array.of(10, 0, 0, 1),
  address: { host: '10.0.0.1', port: 7946 },
  meta: null,
  vsn: null,
});

/** The seats of nodes that all know each other. */
const seated = (names: readonly string[]): Map<string, Seat> =>
  new Map(
    names.map((name) => {
      const seat = new Seat(name);
      for (const other of names) if (other !== name) seat.set(other, 'alive');
      return [name, seat];
    }),
  );

/** Where one gets by going from successor to successor, until somebody comes for the second time. */
function walk(seats: ReadonlyMap<string, Seat>, from: string): string[] {
  const walked: string[] = [];
  for (
    let at: string | undefined = from;
    at !== undefined && !walked.includes(at);
    at = seats.get(at)?.successor
  )
    walked.push(at);
  return walked;
}

test('all nodes together form one ring, in which each is the successor of exactly one', async (t) => {
  t.same(walk(seated(NAMES), 'node-0').sort(), [...NAMES].sort());
});

test('a node alone has no successor', async (t) => {
  t.equal(new Seat('alone').successor, undefined);
});

test('suspects, the dead and those that left drop out of the ring, and come back', async (t) => {
  for (const status of ['suspect', 'dead', 'left'] as const) {
    const seats = seated(NAMES);
    const ring = walk(seats, 'node-0');
    for (const seat of seats.values()) t.ok(seat.successor, 'looked for before the change');
    for (const seat of seats.values()) seat.set('node-5', status);
    t.same(
      walk(seats, 'node-0'),
      ring.filter((name) => name !== 'node-5'),
      `without a node that is ${status}`,
    );
    for (const [name, seat] of seats) if (name !== 'node-5') seat.set('node-5', 'alive');
    t.same(walk(seats, 'node-0'), ring);
  }
});

test('a ring that grows is the same as one found at once', async (t) => {
  const grown = new Seat('node-0');
  for (const [i, name] of NAMES.slice(1).entries()) {
    grown.set(name, 'alive');
    t.equal(grown.successor, seated(NAMES.slice(0, i + 2)).get('node-0')?.successor);
  }
});

test('an update is passed on to the successor in the first round, so that chance leaves nobody out', async (t) => {
  const seat = new Seat('self');
  for (const name of NAMES) seat.set(name, 'alive');
  const successor = NAMES.indexOf(seat.successor ?? '');
  const about = NAMES[(successor + 1) % NAMES.length] ?? '';
  for (let seed = 1; seed <= 20; seed++) {
    const scene = new Scene(NAMES, {}, seed);
    scene.pass(5000);
    const before = scene.host.sent.length;
    const { addr, meta, vsn } = scene.host.core.member(about) ?? facts();
    scene.tell({ type: 'alive', node: about, incarnation: 2, addr, port: 7946, meta, vsn });
    scene.pass(200);
    const told = scene.host.sent
      .slice(before)
      .filter(({ messages }) => messages.some((message) => message.type === 'alive'));
    t.ok(
      told.some(({ to }) => to === `10.0.0.${successor + 2}:7946`),
      `seed ${seed}`,
    );
  }
});
