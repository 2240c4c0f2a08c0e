import { createLogger, type LeaseState, type MemberView } from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../testing/wait.js';
import { neededMembers } from './kept-members.js';
import { Membership } from './membership.js';
import { Presence } from './presence.js';
import type { NodeFacts } from './tags.js';

const logger = createLogger({ name: 'test', level: 'silent' });

interface Node {
  readonly membership: Membership;
  lease: LeaseState;
}

function node(t: Test, name: string, host: string, dataDir: string, service = 'web'): Node {
  const facts = (): NodeFacts => ({
    clusterId: 'c1',
    site: 'berlin',
    version: '0.1.0',
    tier: 'free',
    lease: { state: made.lease, leftMs: 3600_000 },
    revision: 1,
    services: [{ name: service, health: 'healthy' }],
  });
  const made: Node = {
    lease: 'active',
    membership: new Membership({
      node: name,
      dataDir,
      listen: `${host}:9896`,
      logger,
      facts,
      changed: () => undefined,
      controllerSeen: () => undefined,
      gossip: { profile: 'local' },
      rejoinMs: 50,
    }),
  };
  t.teardown(() => made.membership.stop());
  return made;
}

const names = ({ membership }: Node) => membership.nodes().map(({ name }) => name);

t.test('who left for want of a lease stays in the pools of those who come to that too', async (t) => {
  const dirs = t.testdir({ a: {}, b: {}, c: {} });
  const seeds = ['127.50.5.11:9896'];
  const a = node(t, 'a', '127.50.5.11', `${dirs}/a`);
  const b = node(t, 'b', '127.50.5.12', `${dirs}/b`);
  const c = node(t, 'c', '127.50.5.13', `${dirs}/c`);
  for (const { membership } of [a, b, c]) await membership.start(seeds, []);
  const all = [a, b, c];
  await waitFor('three members', () => all.every((made) => names(made).join() === 'a,b,c'));
  a.membership.usePools('kept');
  const stateOf = (name: string) => a.membership.members().find((member) => member.name === name)?.state;

  b.lease = 'degraded';
  b.membership.usePools('frozen');
  await b.membership.leave({ tellWhy: true });
  await waitFor('the leave', () => stateOf('b') === 'left');
  t.strictSame(names(a), ['a', 'b', 'c'], 'it serves on');
  t.match(a.membership.nodes()[1], { state: 'alive', tags: { svc: 'web:h' } });
  t.strictSame(names(b), ['a', 'b', 'c'], 'and keeps what it knew itself');
  await c.membership.leave();
  await waitFor('the other leave', () => stateOf('c') === 'left');
  t.strictSame(names(a), ['a', 'b'], 'who goes for another reason is gone');
  a.membership.usePools('live');
  t.strictSame(names(a), ['a'], 'a node whose lease is in order believes the gossip');

  b.lease = 'active';
  b.membership.usePools('kept');
  await b.membership.start(seeds, []);
  const met = () => b.membership.members().some(({ name }) => name === 'a');
  await waitFor('the return', () => names(a).join() === 'a,b' && met());
  t.strictSame(names(b), ['a', 'b', 'c'], 'whom nobody tells of may be on the way back too');
  b.membership.usePools('live');
  await waitFor('the end of that', () => names(b).join() === 'a,b');
});

t.test('a balancer whose lease is in order keeps gateways when most of them lost theirs', async (t) => {
  const dirs = t.testdir({ lb: {}, g1: {}, g2: {}, g3: {} });
  const seeds = ['127.50.5.21:9896'];
  const lb = node(t, 'lb', '127.50.5.21', `${dirs}/lb`, 'lb');
  const gateways = [1, 2, 3].map((i) => node(t, `g${i}`, `127.50.5.2${i + 1}`, `${dirs}/g${i}`, 'gateway'));
  for (const { membership } of [lb, ...gateways]) await membership.start(seeds, []);
  await waitFor('four members', () => [lb, ...gateways].every((made) => names(made).length === 4));
  const left = () => lb.membership.members().filter(({ state }) => state === 'left').length;
  const pools: string[] = [];
  for (const [index, gateway] of gateways.entries()) {
    gateway.lease = 'degraded';
    await gateway.membership.leave({ tellWhy: true });
    await waitFor('the leave', () => left() === index + 1);
    pools.push(names(lb).join());
  }
  t.strictSame(pools, ['g2,g3,lb', 'g1,g2,g3,lb', 'g1,g2,g3,lb']);
});

t.test('who is needed of those that left for want of a lease', (t) => {
  const view = (name: string, svc: string, state: MemberView['state'], lease = 'd0'): MemberView => ({
    ...{ name, address: `${name}:1`, incarnation: 1, since: 0 },
    ...{ state, tags: { svc, lease } },
  });
  const needed = (live: readonly MemberView[], members: readonly MemberView[], known = live) =>
    neededMembers(live, known, [...live, ...members])
      .map(({ name }) => name)
      .join();
  const a = view('a', 'web:h,db:h', 'alive', 'a9');
  const [b, c] = [view('b', 'web:h', 'left'), view('c', 'web:?', 'left')];
  t.equal(needed([a], [b]), '', 'half of them are enough');
  t.equal(needed([a], [b, c]), 'b,c');
  t.equal(needed([a], [b, view('c', 'web:u', 'left')]), '', 'who was unhealthy helps nobody');
  t.equal(needed([{ ...a, tags: { svc: 'web:u' } }], [b]), 'b', 'and an unhealthy one is not enough');
  t.equal(needed([a], [b, view('c', 'web:h', 'left', 'a9')]), '', 'who went for another reason is gone');
  t.equal(needed([a], [b, view('c', 'web:h', 'dead')]), '');
  t.equal(needed([a], [b, c, view('d', 'db:h', 'left')]), 'b,c', 'of other services there are enough');
  t.equal(needed([a], [], [a, b, c]), 'b,c', 'also when the gossip has forgotten them');
  t.equal(needed([a], [], [a, view('b', 'web:h', 'alive', 'a9'), c]), '');
  t.end();
});

t.test('a node that may stay after all does not leave, and one that is to come back does', async (t) => {
  const done: string[] = [];
  let failures = 1;
  const membership = {
    start: async () => {
      if (failures-- > 0) throw new Error('the address is taken');
      done.push('start');
    },
    leave: async () => {
      done.push('leave');
    },
  };
  const entry = () => ({ seeds: [], keys: [] });
  const presence = new Presence({ membership, logger, entry, leaveAfterMs: 50, retryMs: 10 }, true);
  presence.want(false);
  presence.want(true);
  await waitFor('the wait to be over', () => new Promise((resolve) => setTimeout(() => resolve(true), 100)));
  t.strictSame(done, []);
  presence.want(false);
  await waitFor('the leave', () => done.length === 1);
  presence.want(true);
  await waitFor('the return, after a failure', () => done.join() === 'leave,start');
  presence.want(false);
  await presence.stop();
  t.strictSame(done, ['leave', 'start'], 'what is stopped changes nothing');
});
