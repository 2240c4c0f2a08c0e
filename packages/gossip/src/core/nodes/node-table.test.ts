import { test } from 'tap';
import { seededRandom } from '../../sim/prng.js';
import { Directory, type Facts } from './directory.js';
import { NodeTable } from './node-table.js';
import { RandomOrder } from './random-order.js';

const facts = (last: number, meta: Uint8Array | null = null): Facts => ({
  addr: Uint8Array.of(10, 0, 0, last),
  address: { host: `10.0.0.${last}`, port: 7946 },
  meta,
  vsn: Uint8Array.of(1, 5, 2, 2, 5, 5),
});

/** A table of node `name`, on a directory. */
const tableOf = (name: string, directory: Directory, seed = 1): NodeTable =>
  new NodeTable({ name, facts: facts(1), incarnation: 1 }, seededRandom(seed), 0, directory);

/** Takes in living nodes. */
function fill(table: NodeTable, ...names: readonly string[]): void {
  for (const name of names)
    table.setStatus(table.insert({ name, facts: facts(2), incarnation: 1 }), 'alive', 0);
}

/** Says that a node is dead since `now`. */
function kill(table: NodeTable, name: string, now: number): void {
  const node = table.get(name);
  if (node) table.setStatus(node, 'dead', now);
}

test('each round visits what is in the order once, whatever comes and goes meanwhile', async (t) => {
  const random = seededRandom(5);
  const order = new RandomOrder(random);
  const present = new Set<number>();
  let stayed = new Set<number>();
  let visited: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    const id = Math.floor(random() * 60);
    const dice = random();
    if (dice < 0.15 && !present.has(id)) {
      order.add(id);
      present.add(id);
    } else if (dice < 0.2) {
      for (const one of [id, (id + 1) % 60, (id + 2) % 60]) {
        order.remove(one);
        present.delete(one);
        stayed.delete(one);
      }
    }
    const next = order.next();
    if (next !== undefined) {
      if (!present.has(next)) t.fail(`${next} was removed before`);
      visited.push(next);
      continue;
    }
    const missed = [...stayed].filter((one) => !visited.includes(one));
    const twice = [...stayed].filter((one) => visited.indexOf(one) !== visited.lastIndexOf(one));
    if (missed.length > 0) t.fail(`missed ${missed}`);
    if (twice.length > 0) t.fail(`visited twice: ${twice}`);
    order.shuffle();
    stayed = new Set(present);
    visited = [];
    if (order.length !== present.size) t.fail(`${order.length} of ${present.size}`);
  }
  t.ok(present.size > 5);
});

test('two tables on one directory believe what they like of the same node', async (t) => {
  const directory = new Directory();
  const [a, b] = [tableOf('a', directory, 1), tableOf('b', directory, 2)];
  fill(a, 'x');
  t.equal(b.get('x'), undefined, 'known to one only');
  fill(b, 'x', 'y');
  kill(b, 'x', 5);
  const x = b.get('x');
  if (x) x.facts = facts(2, Uint8Array.of(7));
  t.match([a.get('x')?.status, a.get('x')?.meta, a.active, a.size], ['alive', null, 2, 2]);
  t.match([x?.status, x?.meta, x?.changedAt, b.active, b.size], ['dead', { 0: 7 }, 5, 2, 3]);
});

test('the gone are reaped in time, then forgotten, and leave nothing behind', async (t) => {
  const directory = new Directory();
  const table = tableOf('self', directory);
  for (let round = 0; round < 500; round++) {
    fill(table, `n${round}`, `m${round}`);
    kill(table, `n${round}`, round);
    kill(table, `m${round}`, round);
    table.reap(round - 10);
    const told: string[] = [];
    table.forget(round - 20, (node) => told.push(`${node.name} ${node.status} ${node.address.host}`));
    if (round > 21) t.same(told, [`n${round - 21} dead 10.0.0.2`, `m${round - 21} dead 10.0.0.2`]);
  }
  t.equal(table.size, 1 + 2 * 11);
  t.equal(table.tombstones.length, 2 * 10);
  t.ok(directory.size < 60, `${directory.size} numbers given out for 1000 names`);
  t.equal(table.get('n480'), undefined, 'the protocol does not know tombstones');
  t.equal(table.find('n480')?.status, 'dead');
  fill(table, 'n480');
  t.equal(table.get('n480')?.status, 'alive', 'one that returns is none any more');
  t.equal(table.tombstones.length, 2 * 10 - 1);
});

test('a node that came back is not reaped for its former death', async (t) => {
  const table = tableOf('self', new Directory());
  fill(table, 'a', 'b');
  kill(table, 'a', 10);
  kill(table, 'b', 11);
  const a = table.get('a');
  if (a) table.setStatus(a, 'alive', 12);
  kill(table, 'a', 50);
  table.reap(40);
  t.same([table.get('a')?.status, table.get('b')?.status], ['dead', undefined]);
  table.reap(51);
  t.same(
    table.tombstones.map((node) => node.name),
    ['b', 'a'],
  );
});

test('tombstones are bounded, and the oldest goes first', async (t) => {
  const table = tableOf('self', new Directory());
  for (let i = 0; i < 4100; i++) {
    fill(table, `n${i}`);
    kill(table, `n${i}`, i);
  }
  table.reap(5000);
  const told: string[] = [];
  table.forget(0, (node) => told.push(node.name));
  t.same(told, ['n0', 'n1', 'n2', 'n3']);
});

test('a copied table knows the same, in an order of its own, and goes its own way', async (t) => {
  const directory = new Directory();
  const [a, b] = [tableOf('a', directory, 1), tableOf('b', directory, 2)];
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
  t.throws(() => {
    const other = tableOf('c', directory);
    fill(other, 'd');
    kill(other, 'd', 1);
    b.copy(other);
  }, /not all are alive/);
  fill(a, 'b', ...names);
  b.copy(a);
  t.equal(b.active, 52);
  const order = (table: NodeTable): string[] => {
    table.shuffle();
    return Array.from({ length: table.size }, () => table.next()?.name ?? '');
  };
  t.same(order(b).sort(), order(a).sort());
  t.not(order(b).join(), order(a).join());
  for (const name of names) kill(a, name, 1);
  a.reap(2);
  a.forget(2, () => undefined);
  t.ok(
    names.every((name) => b.get(name)?.address.host === '10.0.0.2'),
    'what one forgets the other keeps',
  );
});
