import { createLogger, gossipKeyFingerprint, type Logger } from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../testing/wait.js';
import { loadKnownMembers } from './known-members.js';
import { Membership } from './membership.js';
import { ownAddress } from './own-address.js';
import { maxTagBytes, type NodeFacts, nodeTags } from './tags.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const facts: NodeFacts = {
  clusterId: 'c1',
  site: 'berlin',
  version: '0.1.0',
  tier: 'free',
  lease: { state: 'active', leftMs: 7 * 24 * 3600_000 },
  revision: 3,
  services: [
    { name: 'web', health: 'healthy' },
    { name: 'api', health: 'unhealthy' },
    { name: 'new', health: '' },
  ],
};

t.test('tags say what a node is, and fit', (t) => {
  t.strictSame(nodeTags(facts), {
    role: 'agent',
    id: 'c1',
    site: 'berlin',
    ver: '0.1.0',
    tier: 'free',
    lease: 'a168',
    rev: '3',
    svc: 'web:h,api:u,new:?',
  });
  const many = Array.from({ length: 200 }, (_, i) => ({ name: `service-${i}`, health: 'healthy' }));
  const { svc = '', ...rest } = nodeTags({ ...facts, services: many });
  t.match(svc, /^service-0:h,service-1:h,.*,\+\d+$/);
  t.ok(Buffer.byteLength(JSON.stringify({ ...rest, svc })) <= maxTagBytes);
  const long = nodeTags({ ...facts, site: 'ü'.repeat(600), services: [] });
  t.match(long['site'], /^ü+$/);
  t.ok(Buffer.byteLength(long['site'] ?? '') < 500);
  t.end();
});

t.test('a node’s own address: configured, listened on, or towards the controller', async (t) => {
  t.equal(await ownAddress({ listen: '0.0.0.0:9896', advertise: 'n1.example:1' }), 'n1.example:1');
  t.equal(await ownAddress({ listen: '127.50.4.1:9896' }), '127.50.4.1:9896');
  t.equal(await ownAddress({ listen: '0.0.0.0:9896', controller: '127.0.0.1:9898' }), '127.0.0.1:9896');
  t.match(await ownAddress({ listen: '0.0.0.0:9896' }), /^[\d.]+:9896$/);
});

t.test('a damaged entry among the remembered peers does not cost the others', async (t) => {
  const dataDir = t.testdir({
    'members.json': JSON.stringify({ peers: ['127.0.0.1:9', '', 'no address', 'a:99999', '[::1]:9896'] }),
  });
  t.strictSame(await loadKnownMembers(dataDir), {
    peers: ['127.0.0.1:9', '[::1]:9896'],
    incarnation: 0,
    members: [],
  });
  t.strictSame((await loadKnownMembers(t.testdir({ 'members.json': '{"peers": 7}' }))).peers, []);
});

interface Node {
  readonly membership: Membership;
  changes: number;
  facts: NodeFacts;
  controllerSeen: number;
}

function node(t: Test, name: string, host: string, dataDir: string, log: Logger = logger): Node {
  const made: Node = {
    changes: 0,
    facts,
    controllerSeen: 0,
    membership: new Membership({
      node: name,
      dataDir,
      listen: `${host}:9896`,
      logger: log,
      facts: () => made.facts,
      changed: () => {
        made.changes += 1;
      },
      controllerSeen: () => {
        made.controllerSeen += 1;
      },
      gossip: { profile: 'local' },
      rejoinMs: 50,
    }),
  };
  t.teardown(() => made.membership.stop());
  return made;
}

const names = (made: Node) => made.membership.nodes().map(({ name }) => name);

t.test('nodes find each other, see what changes, and find back without the controller', async (t) => {
  const dirs = t.testdir({ a: {}, b: {}, c: {} });
  const a = node(t, 'a', '127.50.4.11', `${dirs}/a`);
  const b = node(t, 'b', '127.50.4.12', `${dirs}/b`);
  const c = node(t, 'c', '127.50.4.13', `${dirs}/c`);
  t.strictSame(names(a), ['a'], 'never empty');
  await a.membership.start([], []);
  await b.membership.start(['127.50.4.11:9896'], []);
  await c.membership.start(['127.50.4.99:9896'], []);
  c.membership.addSeeds(['127.50.4.11:9896']);
  await waitFor('three members', () => [a, b, c].every((made) => names(made).join() === 'a,b,c'));
  t.equal(a.membership.members().length, 3);
  t.ok(a.changes > 0);

  b.facts = { ...facts, revision: 4 };
  b.membership.factsChanged();
  await waitFor('the new tag', () => a.membership.nodes()[1]?.tags['rev'] === '4');

  await b.membership.leave();
  await waitFor('the leave', () => names(a).join() === 'a,c');
  t.equal(a.membership.members().find(({ name }) => name === 'b')?.state, 'left');
  t.strictSame(names(b), ['a', 'b', 'c'], 'who left keeps the members that it knew');

  const again = node(t, 'b', '127.50.4.12', `${dirs}/b`);
  await again.membership.load();
  t.strictSame(names(again), ['a', 'b', 'c'], 'and so does its next start');
  const frozen = node(t, 'b', '127.50.4.12', `${dirs}/b`);
  frozen.membership.usePools('frozen');
  await frozen.membership.load();
  frozen.membership.usePools('frozen');
  t.strictSame(names(frozen), ['a', 'b', 'c'], 'what is frozen again is frozen as it is known by then');
  await again.membership.start([], []);
  await waitFor('the return', () => names(a).join() === 'a,b,c' && names(again).join() === 'a,b,c');

  await c.membership.stop();
  await waitFor('the failure', () => names(a).join() === 'a,b', 30_000);
});

t.test('keys rotate under constant gossip: nothing is refused, nobody is lost', async (t) => {
  const dirs = t.testdir({ a: {}, b: {}, c: {}, d: {}, e: {} });
  const refusals: string[] = [];
  const write = (line: string): void => {
    const { kind, detail } = JSON.parse(line) as { kind?: string; detail?: string };
    // A stream takes what time the machine has; a wrong key is another reason.
    if (kind === 'packet refused' || (kind === 'stream refused' && detail !== 'too slow'))
      refusals.push(line);
  };
  const log = createLogger({ name: 'test', level: 'warn', destination: { write } });
  const nodes = ['a', 'b', 'c', 'd', 'e'].map((name, i) =>
    node(t, name, `127.15.4.1${i}`, `${dirs}/${name}`, log),
  );
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  for (const { membership } of nodes) await membership.start(['127.15.4.10:9896'], [old]);
  await waitFor('five members', () => nodes.every((made) => names(made).length === 5), 40_000);
  let revision = 10;
  const talk = setInterval(() => {
    revision += 1;
    for (const made of nodes) {
      made.facts = { ...facts, revision };
      made.membership.factsChanged();
    }
  }, 20);
  t.teardown(() => clearInterval(talk));
  const heardOf = (told: number) =>
    waitFor(
      'everyone to hear everyone',
      () =>
        nodes.every(({ membership }) =>
          membership.members().every(({ tags }) => Number(tags['rev']) >= told),
        ),
      40_000,
    );
  for (const keys of [[old, fresh], [fresh, old], [fresh]]) {
    for (const { membership } of nodes) {
      membership.useKeys(keys);
      // One after the other: between two of them, messages go both ways.
      const told = revision;
      await waitFor('some talk', () => revision > told + 2);
    }
    await heardOf(revision);
  }
  for (const { membership } of nodes) {
    const stats = membership.stats();
    t.equal(stats?.traffic.packetsRefused, 0);
    t.match(membership.keyState(), { held: [gossipKeyFingerprint(fresh)] });
    t.equal(stats?.protocol.failuresDeclared, 0);
  }
  t.same(refusals, []);
});

t.test('keys are exchanged while running', async (t) => {
  const dirs = t.testdir({ a: {}, b: {} });
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const a = node(t, 'a', '127.50.4.21', `${dirs}/a`);
  const b = node(t, 'b', '127.50.4.22', `${dirs}/b`);
  await a.membership.start([], [old]);
  a.membership.useKeys([fresh, old]);
  await b.membership.start(['127.50.4.21:9896'], [old]);
  await waitFor('the first to hear', () => names(a).length === 2);
  b.membership.useKeys([fresh, old]);
  await waitFor('both to hear', () => names(b).length === 2);
});

t.test('an address that is taken is said so', async (t) => {
  const dirs = t.testdir({ a: {}, b: {} });
  await node(t, 'a', '127.50.4.31', `${dirs}/a`).membership.start([], []);
  await t.rejects(node(t, 'b', '127.50.4.31', `${dirs}/b`).membership.start([], []), {
    code: 'failed_precondition',
    message: /127\.50\.4\.31:9896/,
  });
});
