import {
  type ControllerMessage,
  createLogger,
  type Hello__Output,
  type NodeReport__Output,
} from '@shoal/common';
import t, { type Test } from 'tap';
import { FixedMembership } from '../cluster/membership.js';
import type { NodeRecord } from '../enrol/node-record.js';
import { Targets } from '../rollout/targets.js';
import { Manifests } from '../spec/manifests.js';
import { Revisions } from '../spec/revisions.js';
import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { checkDrainable, DrainRequests } from './drain-requests.js';
import { EventBus } from './event-bus.js';
import { Nodes } from './nodes.js';
import type { MessageSink } from './outbox.js';
import { awayMs } from './presence.js';
import { Session } from './session.js';

const record: NodeRecord = {
  name: 'a',
  site: 'default',
  enrolledAt: 1,
  agentVersion: '1',
  certificates: [{ serial: 's1', notAfter: 9e15 }],
};
const hello: Hello__Output = {
  agentVersion: '2',
  instanceId: 'i',
  facts: { kernel: 'k' },
  site: '',
  gossipAddress: '127.20.0.7:1',
  manifestDeltas: false,
  leaseSerial: 0,
};
const report: NodeReport__Output = {
  full: true,
  runningHash: 'h1',
  runningRevision: 1,
  failedHash: '',
  failedRevision: 0,
  failedAttempt: 0,
  failure: null,
  state: 'IDLE',
  services: [],
  convergingHash: '',
  gossipKeys: null,
  draining: [],
  drifts: null,
  lease: null,
};
interface World {
  /** What the last links were told. */
  readonly told: ControllerMessage[];
  readonly drains: DrainRequests;
  readonly store: MemoryStore;
  readonly membership: FixedMembership;
  readonly events: EventBus;
  at: number;
  nodes(): Promise<Nodes>;
  link(nodes: Nodes, leased?: boolean): Session & { ends: unknown[] };
}

function world(t: Test): World {
  const store = new MemoryStore();
  const membership = new FixedMembership();
  const events = new EventBus();
  const revisions = new Revisions(store);
  const manifests = new Manifests(store, revisions, { id: 'c', privateKeyPem: '' });
  const told: ControllerMessage[] = [];
  const sink: MessageSink = { write: (message) => told.push(message) > 0, once: () => undefined };
  const drains = new DrainRequests(store);
  const made: World = {
    told,
    drains,
    store,
    membership,
    events,
    at: 1_000_000,
    nodes: async () => {
      const logger = createLogger({ name: 'test', level: 'silent' });
      const nodes = new Nodes({
        store,
        targets: new Targets(),
        drains,
        manifests,
        vault: { sealFor: () => [] },
        membership,
        events,
        logger,
        now: () => made.at,
        monotonic: () => made.at,
      });
      await nodes.start();
      t.teardown(() => nodes.stop());
      return nodes;
    },
    link: (nodes, leased = true) => {
      const ends: unknown[] = [];
      const listener = { reported: () => {}, stepEvents: () => {}, seen: () => {}, fullOfferAsked: () => {} };
      const session = new Session('a', sink, listener, (reason) => ends.push(reason));
      nodes.connected(session, leased);
      return Object.assign(session, { ends });
    },
  };
  return made;
}

t.test(
  'a node without link is away for a while, then offline; at once when the gossip says so',
  async (t) => {
    const w = world(t);
    const nodes = await w.nodes();
    nodes.stored(record);
    const angle = { revision: 0, back: () => 0, ranks: new Map<string, number>(), touched: undefined };
    const presence = (): string | undefined => nodes.observe(angle).get('a')?.presence;
    t.equal(presence(), 'away');
    w.at += awayMs;
    t.equal(presence(), 'offline');
    const session = w.link(nodes);
    t.equal(presence(), 'offline', 'a link that has not reported yet is no link');
    nodes.reported('a', report, hello);
    t.equal(presence(), 'connected');
    t.match(nodes.view('a'), {
      agentVersion: '2',
      address: '127.20.0.7:1',
      facts: { kernel: 'k' },
      status: 'ok',
    });
    nodes.disconnected(session);
    t.equal(presence(), 'away');
    w.membership.set({
      name: 'a',
      address: '127.20.0.7:1',
      state: 'dead',
      tags: {},
      incarnation: 1,
      since: 1,
    });
    t.equal(presence(), 'offline');
    t.equal(nodes.view('a').status, 'down');
  },
);

t.test('a newer link takes the place of an older one, whose end changes nothing', async (t) => {
  const w = world(t);
  const nodes = await w.nodes();
  nodes.stored(record);
  const old = w.link(nodes);
  const young = w.link(nodes);
  t.match(old.ends, [{ code: 'unavailable', message: /newer link/ }]);
  nodes.disconnected(old);
  t.equal(nodes.session('a'), young);
});

t.test('a node was seen last when its link ended, however long it had nothing to say', async (t) => {
  const w = world(t);
  const nodes = await w.nodes();
  nodes.stored(record);
  const link = w.link(nodes);
  nodes.seen('a');
  w.at += 22_000;
  nodes.disconnected(link);
  t.equal(nodes.view('a').lastSeenAt, w.at);
  w.at += 7000;
  t.equal(nodes.view('a').lastSeenAt, w.at - 7000);
});

t.test('what was reported last is known after a restart', async (t) => {
  const w = world(t);
  await w.store.transact({ writes: [putJson(keys.node('a'), record)] });
  const first = await w.nodes();
  first.reported('a', report, hello);
  first.seen('a');
  await first.persist();
  w.at += 5000;
  const second = await w.nodes();
  t.match(second.view('a'), {
    connected: false,
    lastSeenAt: w.at - 5000,
    running: { hash: 'h1', revision: 1 },
    address: '127.20.0.7:1',
  });
});

t.test('removal deletes what was known, and its certificates stay refused over restarts', async (t) => {
  const w = world(t);
  await w.store.transact({
    writes: [putJson(keys.node('a'), record), putJson(keys.target('a'), { node: 'a', revision: 0, good: 0 })],
  });
  const nodes = await w.nodes();
  const session = w.link(nodes);
  await nodes.remove('a');
  t.same(session.ends, [undefined]);
  t.equal(nodes.isRevoked('s1'), true);
  t.throws(() => nodes.session('a'), { code: 'not_found' });
  t.same(await listJson(w.store, keys.targets), []);
  const again = await w.nodes();
  t.same([again.has('a'), again.isRevoked('s1')], [false, true]);
});

t.test('what an operator drains is kept, told, and gone with the node', async (t) => {
  const w = world(t);
  await w.store.transact({ writes: [putJson(keys.node('a'), record)] });
  const nodes = await w.nodes();
  w.link(nodes);
  await w.drains.add('a', 'web');
  await w.drains.add('a', 'api');
  nodes.drainChanged('a');
  await new Promise(setImmediate);
  t.match(w.told.at(-1), { drain: { services: ['api', 'web'] } });
  t.strictSame(nodes.view('a').drainAsked, ['api', 'web']);
  await w.drains.remove('a', 'api');
  const again = new DrainRequests(w.store);
  await again.load();
  t.strictSame(again.get('a'), ['web'], 'after a restart');
  t.strictSame(again.get('b'), []);
  await again.add('a', undefined);
  await again.add('a', 'web');
  t.strictSame(again.get('a'), ['*']);
  await t.rejects(again.remove('a', 'web'), { code: 'failed_precondition', hint: /shoal node undrain a/ });
  await again.remove('a', undefined);
  t.strictSame(again.get('a'), []);
  await w.drains.add('a', undefined);
  await nodes.remove('a');
  t.strictSame(await listJson(w.store, keys.drains), []);
  t.strictSame(w.drains.get('a'), []);
});

t.test('only services that a node runs or shall run can be drained', async (t) => {
  const w = world(t);
  const nodes = await w.nodes();
  nodes.stored(record);
  const view = nodes.view('a');
  checkDrainable(view, ['web'], 'web');
  t.throws(() => checkDrainable(view, ['web'], 'wbe'), { code: 'not_found', hint: 'Did you mean "web"?' });
  t.throws(() => checkDrainable(view, [], 'web'), { code: 'not_found', hint: 'Its services: none' });
});

t.test('leases are renewed once they are old enough, those that failed at the next occasion', async (t) => {
  const w = world(t);
  const nodes = await w.nodes();
  nodes.stored(record);
  w.link(nodes);
  const renewed: number[] = [];
  let works = true;
  const pass = (ms: number): void => {
    w.at += ms;
    nodes.renewLeases(1000, () => {
      renewed.push(w.at);
      return works;
    });
  };
  for (const ms of [999, 1, 500, 500]) pass(ms);
  t.same(renewed.splice(0), [1_001_000, 1_002_000]);
  works = false;
  for (const ms of [999, 1, 5]) pass(ms);
  works = true;
  for (const ms of [5, 5, 995]) pass(ms);
  t.same(renewed.splice(0), [1_003_000, 1_003_005, 1_003_010, 1_004_010]);
  w.link(nodes, false);
  for (const ms of [5, 5]) pass(ms);
  t.same(renewed, [1_004_015], 'a link that began without one');
});

t.test('a consumer of events that lags too far is ended', async (t) => {
  const w = world(t);
  const events = w.events.subscribe(new AbortController().signal);
  const nodes = await w.nodes();
  for (let count = 0; count <= 10_000; count += 1) nodes.stored(record);
  await t.rejects(events[Symbol.asyncIterator]().next(), { code: 'resource_exhausted' });
});

t.test('of many nodes whose targets changed, some are seen to at a time', async (t) => {
  const nodes = await world(t).nodes();
  const seen: string[] = [];
  nodes.onChange((name) => seen.push(name));
  const names = Array.from({ length: 1000 }, (_, index) => `n${index}`);
  const done = nodes.targetsChanged(names);
  t.ok(seen.length > 0 && seen.length < 100, 'the others come after what waits on the network');
  await done;
  t.strictSame(seen, names);
});
