import { type Test, test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import { Cast } from './cast.js';
import type { DrivenOptions, DrivenPeer } from './driven-peer.js';
import { type MemberlistPrograms, memberlistPrograms } from './memberlist-program.js';
import { MixedCluster } from './mixed-cluster.js';

/*
 * A node of ours between programs built on an older and on the newest memberlist, with all that can be put around a
 * message; and pairs whose settings don't fit. Each has a network of its own below 127.13, and all play side by side.
 */

const programs = memberlistPrograms();
const skip = typeof programs === 'string' ? programs : false;

/** Settings of all nodes of a story: no versions of an application's protocol, as most programs on memberlist. */
interface Settings {
  readonly keyBytes?: number;
  readonly driven: Partial<DrivenOptions>;
}

const stories: Readonly<Record<string, Settings>> = {
  plain: { driven: { compress: false } },
  compressed: { driven: { compress: true } },
  labelled: { driven: { compress: false, label: 'blue' } },
  'aes128-label-compressed': { keyBytes: 16, driven: { compress: true, label: 'blue' } },
  aes192: { keyBytes: 24, driven: { compress: false } },
  aes256: { keyBytes: 32, driven: { compress: true } },
  'aes256-padded': { keyBytes: 32, driven: { compress: true, protocolVersion: 1 } },
};

let networks = 9;

function castOf(t: Test, label: string, network: number, { keyBytes, driven }: Settings): Cast {
  const key = keyBytes === undefined ? undefined : Uint8Array.from({ length: keyBytes }, (_, i) => i * 5 + 1);
  const common = { delegateVersions: [0, 0, 0], serf: false, userState: `state of ${label}` } as const;
  return new Cast(t, { label, network: `127.13.${network}`, key, driven: { ...common, ...driven } });
}

/** Bodies that fit a datagram and that don't, worth compressing and not. */
const bodies = (from: string): Record<'udp' | 'tcp', Buffer> => ({
  udp: Buffer.from(`${from} by UDP ${'x'.repeat(1000)}`),
  tcp: Buffer.from(`${from} by TCP ${Array.from({ length: 20_000 }, (_, i) => i).join(' ')}`),
});

/** Each sends the other a message over UDP and one over TCP, which must arrive as they were sent. */
async function talk(t: Test, one: DrivenPeer, other: DrivenPeer): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const { udp, tcp } = bodies(from.name);
    const heard = (body: Buffer): boolean => to.heard.some((other) => other.equals(body));
    await Promise.all([from.send(to.name, udp, false), from.send(to.name, tcp, true)]);
    await waitFor(() => heard(udp) && heard(tcp), {
      what: `${to.name} to hear ${from.name}`,
      intervalMs: 50,
    });
    t.pass(`${to.name} hears ${from.name} over UDP and TCP`);
  }
}

async function play(t: Test, label: string, settings: Settings, found: MemberlistPrograms): Promise<void> {
  const cast = castOf(t, label, ++networks, settings);
  const roles = [
    cast.memberlist('older', found.older),
    cast.shoal('shoal'),
    cast.memberlist('newer', found.newer),
  ] as const;
  const tags = { story: label };
  const [older, shoal, newer] = await Promise.all([
    roles[0].start(tags),
    roles[1].start(tags),
    roles[2].start(tags),
  ]);
  const cluster = new MixedCluster(t, label);
  for (const peer of [older, shoal, newer]) cluster.add(peer, tags);
  await shoal.join(older.address);
  await newer.join(shoal.address);
  await cluster.agree('joined');
  for (const peer of [older, shoal, newer]) {
    t.ok(peer.states.length > 0, `${peer.name} got the state of another application`);
    t.ok(
      peer.states.every((state) => String(state) === `state of ${label}`),
      'as it was sent',
    );
  }
  await talk(t, shoal, older);
  await talk(t, shoal, newer);
  await cluster.setTags(shoal, { story: 'changed', by: 'us' });
  await cluster.setTags(newer, { story: 'changed', by: 'them' });
  await cluster.agree('tags changed');
  await cluster.crash(newer);
  await cluster.agree('a program crashed');
  await cluster.leave(shoal);
  await cluster.agree('our node left');
  cluster.judgeLogs();
}

test('a node of ours talks with memberlist in every envelope', { skip, timeout: 110_000 }, async (t) => {
  if (typeof programs === 'string') return;
  t.comment(`memberlist ${programs.older.version} and ${programs.newer.version}`);
  await Promise.all(Object.entries(stories).map(([label, settings]) => play(t, label, settings, programs)));
});

/** Settings of our node and of memberlist's, and what each says when it joins the other. */
interface Mismatch {
  readonly ours: Settings;
  readonly theirs: Settings;
  readonly weSay: RegExp;
  readonly theySay: RegExp;
}

const PLAIN: Settings = { driven: {} };
const LABELLED: Settings = { driven: { label: 'blue' } };
const KEYED: Settings = { keyBytes: 32, driven: {} };

const SILENT = /closed without an answer/;
const NOT_ENCRYPTED = /encryption is configured but remote state is not encrypted/;
const NOT_CONFIGURED = /remote state is encrypted and encryption is not configured/;

/** memberlist hangs up on a foreign label without a word; we say why. */
const mismatches: Readonly<Record<string, Mismatch>> = {
  'label-missing-there': {
    ours: LABELLED,
    theirs: PLAIN,
    weSay: SILENT,
    theySay: /remote error: label is missing/,
  },
  'label-missing-here': {
    ours: PLAIN,
    theirs: LABELLED,
    weSay: SILENT,
    theySay: /remote error: label is that of another cluster/,
  },
  'key-missing-there': { ours: KEYED, theirs: PLAIN, weSay: NOT_ENCRYPTED, theySay: NOT_CONFIGURED },
  'key-missing-here': { ours: PLAIN, theirs: KEYED, weSay: NOT_CONFIGURED, theySay: NOT_ENCRYPTED },
};

async function clash(t: Test, label: string, mismatch: Mismatch, found: MemberlistPrograms): Promise<void> {
  // Each cast counts its addresses from 1, so each has a network of its own.
  const shoal = await castOf(t, label, ++networks, mismatch.ours).shoal('shoal').start({});
  const theirs = castOf(t, label, ++networks, mismatch.theirs);
  const memberlist = await theirs.memberlist('memberlist', found.newer).start({});
  await t.rejects(shoal.join(memberlist.address), { message: mismatch.weSay }, `${label}: what we say`);
  await t.rejects(memberlist.join(shoal.address), { message: mismatch.theySay }, `${label}: what they say`);
  for (const peer of [shoal, memberlist]) {
    t.same([...(await peer.view()).keys()], [peer.name], `${label}: ${peer.name} stays alone`);
  }
  t.match(shoal.log.join(), /stream refused/, `${label}: our log tells of it too`);
}

test('nodes with settings that do not fit stay apart, and say why', { skip, timeout: 60_000 }, async (t) => {
  if (typeof programs === 'string') return;
  await Promise.all(
    Object.entries(mismatches).map(([label, mismatch]) => clash(t, label, mismatch, programs)),
  );
});
