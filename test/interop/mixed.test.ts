import { setTimeout as delay } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import { Cast, type Role } from './cast.js';
import { DrivenPeer } from './driven-peer.js';
import { type MemberlistPrograms, memberlistPrograms } from './memberlist-program.js';
import { MixedCluster } from './mixed-cluster.js';
import type { Peer } from './peer.js';
import { SerfAgent, serfMissing } from './serf-agent.js';
import { decodeUserEvent, encodeUserEvent } from './serf-payloads.js';

/*
 * Our nodes, Go programs built on memberlist and real Serf agents in one cluster. After each step the views of all are
 * compared: names, addresses, states, tags, and incarnations where they are told. The scenarios run side by side, each
 * in a network of its own below 127.13.
 */

const programs = memberlistPrograms();
const skip = typeof programs === 'string' ? programs : serfMissing;
/** Each node probes each other one about once in this time, and exchanges its state with several. */
const CALM_MS = 10_000;
/** Serf's own versions of the protocol on top; without Serf in the cluster, programs on memberlist have none. */
const SERF_VERSIONS = [2, 5, 5] as const;
const NO_VERSIONS = [0, 0, 0] as const;

/** The nodes of one scenario by what happens to them. */
interface Roles {
  /** Never end; the first is ours. */
  readonly steady: readonly Role[];
  /** One of each kind that crashes and comes back. */
  readonly crashing: readonly Role[];
  /** One of each kind that leaves and comes back. */
  readonly leaving: readonly Role[];
}

class Play {
  readonly cluster: MixedCluster;
  readonly #peers = new Map<string, Peer>();
  readonly #roles: Roles;

  constructor(t: Test, label: string, roles: Roles) {
    this.cluster = new MixedCluster(t, label);
    this.#roles = roles;
  }

  of(roles: readonly Role[]): Peer[] {
    return roles.flatMap((role) => this.#peers.get(role.name) ?? []);
  }

  /** Starts nodes and has each join through one of those that run: ours through another kind, the others through ours. */
  async join(what: string, roles: readonly Role[], revision: string): Promise<void> {
    const tags = (role: Role): Record<string, string> => ({ id: role.name, revision });
    const started = await Promise.all(
      roles.map(async (role) => ({ role, peer: await role.start(tags(role)) })),
    );
    for (const { role, peer } of started) {
      const running = this.cluster.peers;
      const kinds: readonly string[] = peer.kind === 'shoal' ? ['serf', 'memberlist', 'shoal'] : ['shoal'];
      const [through] = kinds.flatMap((kind) => running.find((other) => other.kind === kind) ?? []);
      if (through) await peer.join(through.address);
      this.cluster.add(peer, tags(role));
      this.#peers.set(role.name, peer);
    }
    await this.cluster.agree(what);
  }

  /** Has some of each kind change their tags. */
  async changeTags(what: string): Promise<void> {
    const changing = [...this.#roles.leaving, ...this.#roles.steady];
    await Promise.all(
      this.of(changing).map((peer) => this.cluster.setTags(peer, { id: peer.name, revision: what })),
    );
    await this.cluster.agree(what);
  }

  /** Losing one node of each kind, and taking it back. */
  async crash(): Promise<void> {
    const { crashing } = this.#roles;
    await this.cluster.crash(...this.of(crashing));
    await this.cluster.agree('one of each kind crashed');
    await this.join('restarted in place', crashing, 'after the crash');
  }

  async leave(): Promise<void> {
    const { leaving } = this.#roles;
    const peers = this.of(leaving);
    // One after the other: who is about to leave itself doesn't pass on the goodbye of another.
    for (const kind of new Set(peers.map((peer) => peer.kind))) {
      await this.cluster.leave(...peers.filter((peer) => peer.kind === kind));
      await this.cluster.agree(`one of ${kind} left`);
    }
    await this.join('came back', leaving, 'after the leave');
  }

  async calm(): Promise<void> {
    await delay(CALM_MS);
    await this.cluster.agree(`calm for ${CALM_MS / 1000} s`);
  }
}

function rolesWithSerf(cast: Cast, { older, newer }: MemberlistPrograms): Roles {
  return {
    steady: [cast.shoal('shoal-1'), cast.memberlist('newer-1', newer)],
    crashing: [cast.shoal('shoal-2'), cast.memberlist('older', older), cast.serf('serf-1')],
    leaving: [cast.shoal('shoal-3'), cast.memberlist('newer-2', newer), cast.serf('serf-2')],
  };
}

function rolesWithoutSerf(cast: Cast, { older, newer }: MemberlistPrograms): Roles {
  return {
    steady: [cast.shoal('shoal-1'), cast.memberlist('older-1', older)],
    crashing: [cast.shoal('shoal-2'), cast.memberlist('newer', newer)],
    leaving: [cast.shoal('shoal-3'), cast.memberlist('older-2', older)],
  };
}

interface Acts {
  /** While all are there for the first time. */
  readonly talk: (play: Play) => Promise<void>;
  /** Once all are back. */
  readonly last?: (play: Play) => Promise<void>;
}

async function playAll(t: Test, label: string, roles: Roles, acts: Acts): Promise<void> {
  const play = new Play(t, label, roles);
  await play.join('joined', [...roles.steady, ...roles.crashing, ...roles.leaving], 'first');
  await play.changeTags('tags changed on each side');
  await acts.talk(play);
  await play.crash();
  await play.leave();
  await acts.last?.(play);
  await play.calm();
  play.cluster.judgeLogs();
}

/**
 * Each kind of node sends Serf user events, again and again until all others have heard one: neither memberlist nor we
 * pass on what we hear, so that one broadcast reaches only some of them. Serf takes the copies of an event for one.
 */
async function exchangeEvents(t: Test, play: Play): Promise<void> {
  const { peers } = play.cluster;
  const driven = peers.filter((peer) => peer instanceof DrivenPeer);
  const agents = peers.filter((peer) => peer instanceof SerfAgent);
  const [ours, memberlist, serf] = [
    driven.find(({ kind }) => kind === 'shoal'),
    driven.find(({ kind }) => kind === 'memberlist'),
    agents[0],
  ];
  let tries = 0;
  const send = (): Promise<unknown> =>
    Promise.all([
      ours?.broadcast(encodeUserEvent('by-shoal', 'x', 50)),
      memberlist?.broadcast(encodeUserEvent('by-memberlist', 'x', 50)),
      serf?.command('event', '-coalesce=false', `by-serf-${++tries}`, 'x'),
    ]);
  const heardBy = (peer: Peer): string[] => {
    const names =
      peer instanceof SerfAgent
        ? eventsIn(peer.log)
        : peer instanceof DrivenPeer
          ? peer.heard.flatMap((body) => decodeUserEvent(body)?.name ?? [])
          : [];
    return [...new Set([`by-${peer.kind}`, ...names.map((name) => name.replace(/-\d+$/, ''))])].sort();
  };
  const heard = async (): Promise<boolean> => {
    await send();
    return peers.every((peer) => heardBy(peer).length === 3);
  };
  await waitFor(heard, { what: 'events of all kinds of nodes to be heard by all', intervalMs: 400 });
  for (const agent of agents) {
    const names = eventsIn(agent.log);
    t.same(names, [...new Set(names)], `${agent.name} took the copies of each event for one`);
  }
}

/**
 * Rotates the key of a running cluster, as its operator does it. Serf rotates by queries, which only its agents answer:
 * all others get the key through an interface of their own, `serf keys` counts them as failed, and a step is done once
 * as many nodes report success as there are agents. All must have the new key before one uses it, and all must use it
 * before one forgets the old one.
 */
async function rotate(t: Test, play: Play, before: Uint8Array, after: Uint8Array): Promise<void> {
  const { peers } = play.cluster;
  const driven = peers.filter((peer) => peer instanceof DrivenPeer);
  const agents = peers.filter((peer) => peer instanceof SerfAgent);
  const steps = [
    ['install', after],
    ['use', after],
    ['remove', before],
  ] as const;
  for (const [step, key] of steps) {
    const done = `${agents.length}/${peers.length} nodes reported success`;
    const byQuery = async (): Promise<boolean> =>
      ((await agents[0]?.changeKeys(step, key)) ?? '').includes(done);
    await Promise.all([
      waitFor(byQuery, { what: `all agents to ${step} the key` }),
      ...driven.map((peer) => peer.changeKeys(`${step}Key`, key)),
    ]);
    await play.changeTags(`key rotation: ${step}`);
  }
  for (const peer of driven) {
    const held = await peer.request('listKeys');
    t.same(held, [Buffer.from(after).toString('base64')], `${peer.name} holds the new key alone`);
  }
}

/** Names of the user events that an agent's log tells of. */
function eventsIn(log: readonly string[]): string[] {
  return log.flatMap((line) => /user-event: (\S+)/.exec(line)?.[1] ?? []);
}

/** Each kind of node sends messages to a node of the other: over UDP, over TCP, and to all. */
async function exchangeMessages(t: Test, play: Play): Promise<void> {
  const driven = play.cluster.peers.filter((peer) => peer instanceof DrivenPeer);
  const ours = driven.filter(({ kind }) => kind === 'shoal');
  const theirs = driven.filter(({ kind }) => kind === 'memberlist');
  const exchanges = ours.flatMap((peer, i) => {
    const other = theirs[i];
    return other ? [[peer, other] as const, [other, peer] as const] : [];
  });
  const heard = (peer: DrivenPeer): string[] => [...new Set(peer.heard.map(String))].sort();
  const toAll = driven.map((peer) => `${peer.name} to all`);
  await Promise.all(
    exchanges.flatMap(([from, to]) => [
      from.send(to.name, Buffer.from(`${from.name} by UDP`), false),
      from.send(to.name, Buffer.from(`${from.name} by TCP`), true),
    ]),
  );
  for (const [from, to] of exchanges) {
    const what = `${to.name} to hear ${from.name}`;
    await waitFor(() => heard(to).filter((text) => text.startsWith(`${from.name} by`)).length === 2, {
      what,
    });
  }
  const allHeard = async (): Promise<boolean> => {
    await Promise.all(driven.map((peer) => peer.broadcast(Buffer.from(`${peer.name} to all`))));
    return driven.every((peer) =>
      toAll.every((text) => text.startsWith(peer.name) || heard(peer).includes(text)),
    );
  };
  await waitFor(allHeard, { what: 'all to hear what is for all', intervalMs: 400 });
  for (const [from, to] of exchanges) {
    const copies = to.heard.filter((body) => String(body) === `${from.name} by TCP`).length;
    t.equal(copies, 1, `what ${from.name} sends over TCP arrives once`);
  }
}

const keys = [1, 2].map((seed) => Uint8Array.from({ length: 32 }, (_, i) => i * 7 + seed));

async function plain(t: Test, found: MemberlistPrograms): Promise<void> {
  const driven = { delegateVersions: SERF_VERSIONS };
  const cast = new Cast(t, { label: 'plain', network: '127.13.1', driven });
  await playAll(t, 'plain', rolesWithSerf(cast, found), { talk: (play) => exchangeEvents(t, play) });
}

async function encrypted(t: Test, found: MemberlistPrograms): Promise<void> {
  const [key = new Uint8Array(), next = new Uint8Array()] = keys;
  const driven = { delegateVersions: SERF_VERSIONS };
  const cast = new Cast(t, { label: 'aes256', network: '127.13.2', key, driven });
  await playAll(t, 'aes256', rolesWithSerf(cast, found), {
    talk: (play) => exchangeEvents(t, play),
    last: (play) => rotate(t, play, key, next),
  });
}

async function labelled(t: Test, found: MemberlistPrograms): Promise<void> {
  const [key = new Uint8Array()] = keys;
  const driven = { delegateVersions: NO_VERSIONS, serf: false, label: 'blue' };
  const cast = new Cast(t, { label: 'labelled', network: '127.13.3', key: key.subarray(0, 16), driven });
  await playAll(t, 'labelled', rolesWithoutSerf(cast, found), { talk: (play) => exchangeMessages(t, play) });
}

test('one cluster of our nodes, memberlist programs and Serf agents', {
  skip,
  timeout: 110_000,
}, async (t) => {
  if (typeof programs === 'string') return;
  t.comment(`memberlist ${programs.older.version} and ${programs.newer.version}`);
  await Promise.all([plain(t, programs), encrypted(t, programs), labelled(t, programs)]);
});
