import { Gossip, type GossipOptions, type Member } from '@shoal/gossip';
import { type Test, test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import type { Sight } from './peer.js';
import { SerfAgent, serfInstalled, serfMissing } from './serf-agent.js';

/*
 * A real serf agent judges our gossip. Serf knows nothing of Shoal, so what it lists is what the protocol says.
 * Each scenario has addresses of its own in 127.10.9.0/24, and the scenarios run side by side.
 */

/** Waits until `serf` lists `name` with that state. */
async function shows(serf: SerfAgent, name: string, state: Sight['state']): Promise<Sight> {
  const find = async (): Promise<Sight | undefined> => {
    const sight = (await serf.view()).get(name);
    return sight?.state === state ? sight : undefined;
  };
  return waitFor(find, { what: `${serf.name} to show ${name} ${state}`, intervalMs: 100 });
}

async function startNode(t: Test, name: string, host: string, keys: readonly Uint8Array[]): Promise<Gossip> {
  const tags = { id: name, site: 'lyon', revision: '7' };
  const options: GossipOptions = { name, bind: { host, port: 9896 }, tags, profile: 'local', keys };
  const node = await Gossip.start(options);
  t.teardown(() => node.stop());
  return node;
}

async function sees(node: Gossip, name: string, state: Member['state']): Promise<Member> {
  const find = (): Member | undefined =>
    node.members().find((member) => member.name === name && member.state === state);
  return waitFor(find, { what: `${node.self.name} to see ${name} ${state}`, intervalMs: 100 });
}

interface Scenario {
  label: string;
  /** Third part of the addresses' last byte: hosts are 127.10.9.<first + n>. */
  first: number;
  key: Uint8Array | undefined;
  /** Who dials whom. */
  serfDials: boolean;
  /** How serf ends, and what our nodes must make of it. */
  end: 'leave' | 'kill';
  endsAs: Member['state'];
}

async function play(t: Test, scenario: Scenario): Promise<void> {
  const { label, first, key } = scenario;
  const host = (n: number): string => `127.10.9.${first + n}`;
  const keys = key ? [key] : [];
  const names = [1, 2, 3].map((n) => `${label}-${n}`);
  const [a, b, c] = await Promise.all([1, 2, 3].map((n) => startNode(t, `${label}-${n}`, host(n), keys)));
  if (!a || !b || !c) throw new Error('three nodes were started');
  await Promise.all([b.join([`${host(1)}:9896`]), c.join([`${host(1)}:9896`])]);

  const extra = scenario.serfDials ? [`-join=${host(1)}:9896`] : [];
  const options = { name: `${label}-serf`, host: host(0), tags: { kind: 'judge' }, key, extra };
  const serf = await SerfAgent.start(t, options);
  if (!scenario.serfDials) t.equal((await a.join([serf.address])).joined, 1, `${label}: our node joins serf`);

  const listed = await Promise.all(names.map((name) => shows(serf, name, 'alive')));
  for (const [i, member] of listed.entries()) {
    t.same(
      member.tags,
      { id: names[i], site: 'lyon', revision: '7' },
      `${label}: serf shows the tags of ${names[i]}`,
    );
    t.equal(member.address, `${host(i + 1)}:9896`);
  }
  for (const node of [a, b, c]) {
    const member = await sees(node, serf.name, 'alive');
    t.equal(member.tags['kind'], 'judge', `${label}: ${node.self.name} shows serf's tags`);
  }

  a.setTags({ id: `${label}-1`, site: 'lyon', revision: '8' });
  const revision = async (): Promise<boolean> =>
    (await serf.view()).get(`${label}-1`)?.tags['revision'] === '8';
  await waitFor(revision, { what: `${label}: serf to see the new revision` });
  await serf.setTags({ kind: 'changed' });
  const changed = (): boolean =>
    a.members().some((m) => m.name === serf.name && m.tags['kind'] === 'changed');
  await waitFor(changed, { what: `${label}: us to see serf's new tag` });

  await Promise.all([c.stop(), b.leave().then(() => b.stop())]);
  await Promise.all([shows(serf, `${label}-2`, 'left'), shows(serf, `${label}-3`, 'dead')]);
  const reportedFailure = (name: string): boolean =>
    serf.log.some((line) => line.includes(`EventMemberFailed: ${name} `));
  t.notOk(reportedFailure(`${label}-2`), `${label}: the leave was never taken for a failure`);
  t.ok(reportedFailure(`${label}-3`), `${label}: the crash was`);
  t.equal(
    (await shows(serf, `${label}-1`, 'alive')).tags['revision'],
    '8',
    `${label}: the third is still alive`,
  );
  await Promise.all([sees(a, `${label}-2`, 'left'), sees(a, `${label}-3`, 'dead')]);

  t.same(serf.complaints(), [], `${label}: serf has nothing to complain about`);
  t.equal(a.stats().protocol.malformed, 0, `${label}: neither have we`);
  t.equal(a.stats().traffic.packetsRefused, 0);
  await (scenario.end === 'leave' ? serf.leave() : serf.kill());
  await sees(a, serf.name, scenario.endsAs);
}

test('serf is there to judge', {
  skip: process.env['CI'] === 'true' ? false : 'only demanded in CI',
}, async (t) => {
  t.ok(serfInstalled, 'the package serf must be installed in CI: apt-get install serf');
});

test('a real serf agent and our nodes form one cluster', {
  skip: serfMissing,
  timeout: 100_000,
}, async (t) => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
  await Promise.all([
    play(t, { label: 'plain', first: 10, key: undefined, serfDials: true, end: 'leave', endsAs: 'left' }),
    play(t, { label: 'aes256', first: 20, key, serfDials: false, end: 'kill', endsAs: 'dead' }),
  ]);
});
