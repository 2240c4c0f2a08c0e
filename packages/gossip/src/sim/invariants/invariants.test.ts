import { type Test, test } from 'tap';
import type { MemberChange, NodeRecord } from '../../core/index.js';
import type { SimNode } from '../sim-node.js';
import { World } from '../world.js';
import { formatViolation, type InvariantName } from './violation.js';
import { Watch } from './watch.js';

/** Five nodes that know each other, long undisturbed. */
function calmCluster(): { world: World; watch: Watch; a: SimNode; b: SimNode } {
  const world = new World({ seed: 1, mode: 'objects' });
  const watch = new Watch(world);
  const [a, b] = world.cluster(5);
  if (!a || !b) throw new Error('two nodes');
  world.run(60_000);
  return { world, watch, a, b };
}

/** Makes the watch believe that `observer` told this about `subject`. */
function tell(
  watch: Watch,
  observer: SimNode,
  change: MemberChange,
  subject: SimNode,
  incarnation = 1,
): void {
  const known = observer.core.members().find((node) => node.name === subject.name);
  const { name, address } = subject;
  const record = { ...known, name, address, incarnation } as NodeRecord;
  watch.heard(observer, { kind: 'member', change, node: record, from: observer.name });
}

function broken(t: Test, watch: Watch, expected: InvariantName, text: RegExp): void {
  const [first] = watch.violations;
  t.equal(first?.invariant, expected);
  t.match(first && formatViolation(first), text);
}

test('nothing is broken in a calm cluster with some loss, where a node crashes, one leaves and one comes back', async (t) => {
  const world = new World({ seed: 5, mode: 'objects', loss: 0.05, duplicates: 0.02, clockDrift: 0.01 });
  const watch = new Watch(world);
  const [first, crashed, leaver, restarted] = world.cluster(20);
  if (!first || !crashed || !leaver || !restarted) throw new Error('four nodes');
  world.run(5000);
  crashed.stop();
  leaver.core.leave();
  world.after(3000, () => leaver.stop());
  world.run(20_000);
  restarted.stop();
  world.run(20_000);
  world.add(restarted.name).core.join(first.address);
  world.run(60_000);
  t.ok(watch.converge() < 5000);
  watch.checkDrained();
  t.same(watch.violations, []);
  t.equal(watch.detections.length, 1);
  t.ok((watch.detections[0]?.lastMs ?? 1e9) < 30_000);
});

test('a death told of a healthy node', async (t) => {
  const { watch, a, b } = calmCluster();
  tell(watch, a, 'fail', b);
  broken(
    t,
    watch,
    'no-false-death',
    /^no-false-death broken at 6\d\.\d{3} s at n1 about n2: told as dead .* but it runs/,
  );
});

test('a death told of a node that was frozen is excused', async (t) => {
  const { watch, world, a, b } = calmCluster();
  b.pause();
  tell(watch, a, 'fail', b);
  b.resume();
  world.run(1000);
  tell(watch, a, 'fail', b, 2);
  t.notOk(watch.violations.some((violation) => violation.invariant === 'no-false-death'));
});

test('a goodbye that was never said', async (t) => {
  const { watch, a, b } = calmCluster();
  tell(watch, a, 'leave', b);
  broken(t, watch, 'no-false-death', /never said goodbye/);
});

test('a failure told of a node that had left', async (t) => {
  const { watch, world, a, b } = calmCluster();
  b.core.leave();
  world.run(3000);
  b.stop();
  t.same(watch.violations, []);
  tell(watch, a, 'fail', b);
  broken(t, watch, 'left-not-failed', /told as left, with no join between/);
});

test('an incarnation that goes back', async (t) => {
  const { watch, a, b } = calmCluster();
  for (let i = 0; i < 5; i++) b.core.setMeta(new Uint8Array([i]));
  tell(watch, a, 'update', b, 5);
  t.same(watch.violations, []);
  tell(watch, a, 'update', b, 4);
  broken(t, watch, 'incarnation-grows', /at n1 about n2: now at incarnation 4, but 5 was known/);
});

test('an incarnation that its node never had', async (t) => {
  const { watch, a, b } = calmCluster();
  tell(watch, a, 'update', b, 77);
  broken(t, watch, 'incarnation-real', /believed at incarnation 77, but it never went beyond 1/);
});

test('a dead node that comes back to life without having said anything', async (t) => {
  const { watch, world, a, b } = calmCluster();
  b.stop();
  world.run(20_000);
  t.equal(a.status('n2'), 'dead');
  tell(watch, a, 'join', b);
  broken(
    t,
    watch,
    'no-resurrection',
    /joined again at incarnation 1, told as gone at 1 before; it stopped at/,
  );
});

test('a crash that is not found in time, and views that stay wrong', async (t) => {
  const world = new World({ seed: 2, mode: 'objects' });
  const told: string[] = [];
  const watch = new Watch(world, {
    bounds: { deathMs: 500, convergeMs: 1000 },
    onViolation: (violation) => told.push(violation.invariant),
  });
  const [, victim] = world.cluster(5);
  victim?.stop();
  world.run(600);
  broken(t, watch, 'death-known', /about n2: believed alive, but it crashed 0.5 s ago/);
  watch.converge();
  t.match(watch.violations.at(-1), { invariant: 'views-converge', subject: 'n2' });
  t.equal(told.length, watch.violations.length);
});

test('updates that wait although nothing happens', async (t) => {
  const { watch, a } = calmCluster();
  watch.checkDrained();
  t.same(watch.violations, []);
  a.core.broadcast(new Uint8Array([9]));
  watch.checkDrained();
  broken(t, watch, 'queue-bounded', /at n1: 1 updates still wait/);
});
