import t from 'tap';
import {
  abortRotation,
  advance,
  beginRotation,
  firstRing,
  forgetRemoval,
  ignoreNodes,
  nextDeadline,
  noteRemoval,
  withKey,
} from './machine.js';
import type { KeyHolder, KeyRing } from './ring.js';
import { findKey, installKey, removeKey, useKey } from './single-steps.js';
import { gossipKeysView } from './view.js';
import { describeWaits, rotationWaits } from './waits.js';

const by = { name: 'ann', door: 'grpc' } as const;
const settleMs = 10_000;

/** Members that do as the test says, a clock, and keys named k1, k2, ... */
class World {
  at = 1000;
  ring: KeyRing = firstRing('old0', 500);
  readonly members = new Map<string, KeyHolder>();
  #made = 0;
  readonly newKey = (): string => {
    this.#made += 1;
    return `new${this.#made}`;
  };

  constructor(...names: string[]) {
    for (const name of ['controller', ...names]) this.holds(name, 'old0');
  }

  /** A member reports these keys, the primary first; none: it doesn't say. */
  holds(name: string, ...held: string[]): void {
    const [primary] = held;
    const keys = primary === undefined ? null : { primary, held };
    const enrolledAt = this.members.get(name)?.enrolledAt ?? 1;
    this.members.set(name, { presence: 'connected', enrolledAt, keys });
  }

  away(name: string, presence: 'away' | 'offline' = 'away'): void {
    const holder = this.members.get(name);
    if (holder !== undefined) this.members.set(name, { ...holder, presence });
  }

  /** Every member with a link reports these keys. */
  all(...held: string[]): void {
    for (const [name, { presence }] of this.members) if (presence === 'connected') this.holds(name, ...held);
  }

  get seen(): { at: number; members: Map<string, KeyHolder> } {
    return { at: this.at, members: this.members };
  }

  begin(...ignored: string[]): void {
    this.ring = beginRotation(this.ring, { at: this.at, by, reason: '', ignored, newKey: this.newKey });
  }

  /** Advances as far as it goes, and gives stage and keys. */
  settle(): string {
    for (;;) {
      const next = advance(this.ring, this.seen, { settleMs, newKey: this.newKey });
      if (next === this.ring) return this.told;
      this.ring = JSON.parse(JSON.stringify(next)) as KeyRing;
    }
  }

  get told(): string {
    const keys = this.ring.keys.map(({ fingerprint }) => fingerprint).join();
    return `${this.ring.rotation?.stage ?? 'none'} ${keys}`;
  }

  get waits(): string {
    return describeWaits(rotationWaits(this.ring, this.seen));
  }
}

t.test('a rotation goes on when every member is measured to be ready', async (t) => {
  const world = new World('a', 'b');
  t.equal(world.settle(), 'none old0', 'nothing begins by itself');
  world.begin();
  t.equal(world.settle(), 'installing old0,new1');
  world.holds('controller', 'old0', 'new1');
  world.holds('a', 'old0', 'new1');
  t.equal(world.settle(), 'installing old0,new1');
  t.equal(world.waits, 'b lacks the key');
  world.holds('b', 'old0', 'new1');
  t.equal(world.settle(), 'using new1,old0');
  t.equal(world.waits, 'controller uses another key, a uses another key, b uses another key');
  world.all('new1', 'old0');
  t.equal(world.settle(), 'using new1,old0', 'messages under way still need the old key');
  t.equal(nextDeadline(world.ring, settleMs), world.at + settleMs);
  world.at += settleMs - 1;
  t.equal(world.settle(), 'using new1,old0');
  world.at += 1;
  t.equal(world.settle(), 'removing new1');
  t.match(world.waits, /controller holds the old key/);
  world.all('new1');
  t.equal(world.settle(), 'done new1');
  t.match(world.ring, {
    keys: [{ fingerprint: 'new1', createdAt: 1000, primarySince: 1000 }],
    rotation: { id: 1, from: 'old0', to: 'new1', endedAt: world.at },
  });
  world.begin();
  t.equal(world.ring.rotation?.id, 2);
});

t.test('a member that is away or silent holds it up, until it comes, is ignored or removed', async (t) => {
  const world = new World('a', 'b', 'c');
  world.away('a', 'offline');
  world.away('b');
  world.begin('b');
  world.settle();
  world.all('old0', 'new1');
  world.holds('c');
  t.equal(world.settle(), 'installing old0,new1');
  t.equal(world.waits, "a is away, c doesn't report its keys");
  world.holds('c', 'old0', 'new1');
  world.ring = ignoreNodes(world.ring, ['a']);
  t.equal(world.settle(), 'using new1,old0');
  world.all('new1', 'old0');
  world.settle();
  world.at += settleMs / 2;
  world.holds('a', 'old0');
  t.equal(world.settle(), 'using new1,old0');
  t.equal(world.waits, 'a uses another key', 'who is back is waited for, ignored or not');
  t.equal(nextDeadline(world.ring, settleMs), undefined);
  world.holds('a', 'new1', 'old0');
  world.settle();
  world.at += settleMs - 1;
  t.equal(world.settle(), 'using new1,old0', 'its time counts anew');
  world.at += 1;
  t.equal(world.settle(), 'removing new1');
  world.away('a');
  world.away('c');
  world.all('new1');
  t.equal(world.settle(), 'removing new1');
  t.equal(world.waits, 'c is away');
  world.away('c', 'offline');
  t.equal(world.settle(), 'done new1', 'nothing depends on who drops the old key later');
  t.same(world.ring.rotation?.ignored, ['a', 'b']);

  const silent = new World('a');
  silent.holds('a');
  silent.begin();
  silent.holds('controller', 'old0', 'new1');
  t.equal(silent.settle(), 'installing old0,new1');
  silent.ring = ignoreNodes(silent.ring, ['a']);
  t.equal(silent.settle(), 'using new1,old0', 'a version that does not report holds nothing up when ignored');

  const other = new World('a');
  other.away('a');
  other.begin();
  other.all('old0', 'new1');
  t.equal(other.settle(), 'installing old0,new1');
  other.members.delete('a');
  t.equal(other.settle(), 'using new1,old0');
});

t.test('a clock that is set back does not make the old key stay', async (t) => {
  const world = new World('a');
  world.begin();
  world.all('old0', 'new1');
  world.settle();
  world.all('new1', 'old0');
  world.settle();
  world.at -= 500_000;
  world.settle();
  world.at += settleMs;
  t.equal(world.settle(), 'removing new1');
});

t.test('one rotation at a time; it can be aborted until the old key is being removed', async (t) => {
  const world = new World('a');
  t.throws(() => abortRotation(world.ring, 1), { code: 'failed_precondition', message: /No rotation/ });
  t.throws(() => ignoreNodes(world.ring, ['a']), { code: 'failed_precondition' });
  world.begin();
  t.throws(() => world.begin(), { code: 'conflict', message: /Rotation 1 .* runs \(installing\)/ });
  t.throws(() => installKey(world.ring, 1, world.newKey), { code: 'conflict' });
  world.ring = abortRotation(noteRemoval(world.ring, { node: 'x', enrolledAt: 1, by }), 7);
  t.equal(world.settle(), 'aborted old0,new1', 'both keys stay');
  world.begin();
  world.all('old0', 'new1', 'new2');
  t.equal(world.settle(), 'using new2,old0,new1');
  world.all('new2', 'old0', 'new1');
  world.settle();
  world.at += settleMs;
  t.equal(world.settle(), 'removing new2', 'what an aborted one left goes, too');
  t.throws(() => abortRotation(world.ring, 1), { code: 'failed_precondition', message: /nothing is left/ });
});

t.test('a removal is followed by one rotation, once it took place', async (t) => {
  const world = new World('a', 'b', 'c');
  const removal = (node: string) => ({ node, enrolledAt: 1, by });
  world.ring = noteRemoval(world.ring, removal('a'));
  t.equal(world.settle(), 'none old0');
  t.same(forgetRemoval(world.ring, removal('a')).removals, []);
  world.members.delete('a');
  t.equal(world.settle(), 'installing old0,new1');
  t.match(world.ring, { removals: [], rotation: { reason: 'node a removed', by } });
  // Two more while it runs; one comes back under its name: that is another node, and the old one knows the keys.
  world.ring = noteRemoval(noteRemoval(world.ring, removal('b')), removal('c'));
  world.ring = noteRemoval(world.ring, removal('c'));
  world.members.delete('c');
  world.members.set('b', { presence: 'connected', enrolledAt: 2, keys: { primary: 'old0', held: ['old0'] } });
  world.all('old0', 'new1');
  world.settle();
  world.all('new1', 'old0');
  world.settle();
  world.at += settleMs;
  world.settle();
  world.all('new1');
  t.equal(world.settle(), 'installing new1,new2', 'the next begins by itself');
  t.match(world.ring, { removals: [], rotation: { id: 2, reason: 'nodes b, c removed' } });
});

t.test('single steps refuse what would cut someone off', async (t) => {
  const world = new World('a', 'b');
  world.ring = installKey(world.ring, 2, world.newKey);
  t.equal(world.told, 'none old0,new1');
  t.equal(findKey(world.ring, 'new'), 'new1');
  t.throws(() => findKey(world.ring, 'x'), { code: 'not_found' });
  t.throws(() => findKey(world.ring, ''), { code: 'invalid_input', message: /Several/ });
  world.holds('controller', 'old0', 'new1');
  world.away('b');
  const use = (...ignored: string[]): KeyRing => useKey(world.ring, 'new1', world.seen, ignored);
  t.throws(() => use(), {
    code: 'failed_precondition',
    message: /a lacks the key, b is away/,
    hint: /--ignore b/,
  });
  world.holds('a', 'old0', 'new1');
  world.ring = use('b');
  t.equal(world.told, 'none new1,old0');
  t.equal(use(), world.ring, 'it is in use already');
  const remove = (key: string, ...ignored: string[]): KeyRing =>
    removeKey(world.ring, key, world.seen, { ignored, settleMs });
  t.throws(() => remove('new1'), { code: 'failed_precondition', message: /is the primary key/ });
  t.throws(() => remove('old0', 'b'), { message: /still needed: controller uses another key/ });
  world.all('new1', 'old0');
  t.throws(() => remove('old0', 'b'), { message: /under way/, hint: 'Try again in 10 s.' });
  world.at += settleMs;
  t.throws(() => remove('old0'), { message: /b is away/ });
  world.ring = remove('old0', 'b');
  t.equal(world.told, 'none new1');
  for (const key of ['x', 'y', 'z']) world.ring = withKey(world.ring, key, 1);
  t.throws(() => installKey(world.ring, 3, world.newKey), { code: 'resource_exhausted' });
});

t.test('the view counts what members reported, also of keys that nobody should hold', async (t) => {
  const world = new World('a', 'b');
  world.begin();
  world.holds('a', 'old0', 'new1');
  world.holds('b', 'gone', 'old0');
  t.match(gossipKeysView(world.ring, world.seen), {
    members: 3,
    keys: [
      { fingerprint: 'old0', state: 'primary', createdAt: 500, primarySince: 500, heldBy: 3, usedBy: 2 },
      { fingerprint: 'new1', state: 'installed', primarySince: null, heldBy: 1, usedBy: 0 },
      { fingerprint: 'gone', state: 'removed', createdAt: null, heldBy: 1, usedBy: 1 },
    ],
    rotation: {
      stage: 'installing',
      ready: 1,
      members: 3,
      waitingFor: [
        { member: 'controller', why: 'lacks-new' },
        { member: 'b', why: 'lacks-new' },
      ],
    },
  });
  world.ring = ignoreNodes(world.ring, ['b']);
  world.away('b');
  const { rotation } = gossipKeysView(world.ring, world.seen);
  t.match(
    rotation,
    { ready: 1, members: 2, waitingFor: [{ member: 'controller' }] },
    'b is not called ready',
  );
});
