import {
  type GossipKeyRotationView,
  type GossipKeysView,
  type GossipKeyWait,
  listed,
  type NodeView,
} from '@shoal/common';
import { formatTable } from './table.js';
import type { Palette } from './text.js';
import { ago, localTime } from './text.js';

const waitWords: Readonly<Record<GossipKeyWait, string>> = {
  away: 'away',
  silent: "its agent doesn't report its keys (older version?)",
  'lacks-new': "doesn't hold the new key yet",
  'uses-old': 'still encrypts with the old key',
  'holds-old': 'still holds the old key',
};

const stageWords: Readonly<Record<GossipKeyRotationView['stage'], string>> = {
  installing: 'hold the new key',
  using: 'use the new key',
  removing: 'forgot the old key',
  done: 'are done',
  aborted: '',
};

/** How far a stage is: `installing: 3 of 5 members hold the new key`. */
export function stageLine({ stage, ready, members }: GossipKeyRotationView): string {
  if (stage === 'aborted') return stage;
  // The controller keeps the old key a while for what is under way.
  const next = stage === 'using' && ready === members ? '; the old one is removed in a moment' : '';
  return `${stage}: ${ready} of ${members} members ${stageWords[stage]}${next}`;
}

/** Who a rotation waits for, a line each. */
export function waitLines({ waitingFor, ready, members }: GossipKeyRotationView): string[] {
  const lines = waitingFor.map(({ member, why }) => `  waiting for ${member}: ${waitWords[why]}`);
  const more = members - ready - lines.length;
  return more > 0 ? [...lines, `  and for ${more} more`] : lines;
}

/** Names that a sentence holds; the others are counted. */
const named = 3;

/** The question before a rotation of so many members' key: which nodes it will wait for, too. */
export function rotateQuestion(
  members: number,
  nodes: readonly Pick<NodeView, 'name' | 'connected'>[],
  ignored: readonly string[],
): string {
  const question = `Replace the gossip key on ${members} members (nodes and controller)?`;
  const away = nodes.filter(({ name, connected }) => !connected && !ignored.includes(name));
  if (away.length === 0) return question;
  const names = away.map(({ name }) => name);
  const who = listed(names, named);
  const [is, them] = away.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const ignore = names.slice(0, named).map((name) => `--ignore ${name}`);
  const way = `${ignore.join(' ')}${names.length > named ? ' ...' : ''}`;
  return `${who} ${is} away: the rotation will wait for ${them} (${way})\n${question}`;
}

/** Of the nodes that a rotation was told to ignore, those for which that changes nothing: they are linked and report their keys. A line each. */
export function waitedForLines(
  nodes: readonly Pick<NodeView, 'name' | 'connected' | 'gossipKeys'>[],
  ignored: readonly string[],
): string[] {
  return nodes
    .filter((node) => ignored.includes(node.name) && node.connected && node.gossipKeys !== null)
    .map(
      ({ name }) => `${name} is connected: it is waited for; it is let off only while it is away or silent`,
    );
}

/** Within this time members follow a stage by themselves, ms. */
const stageMs = 60_000;

/** What helps when members hold a rotation up; undefined: none does, or not for long. */
export function waitHint({ waitingFor, stageAt }: GossipKeyRotationView, now: number): string | undefined {
  const find = (why: GossipKeyWait) => waitingFor.find((wait) => wait.why === why)?.member;
  const away = find('away');
  if (away !== undefined)
    return `Bring ${away} back, take it out (shoal node rm ${away}), or go on without it (shoal gossip-key ignore ${away}): it gets the keys as it comes back.`;
  const silent = find('silent');
  if (silent !== undefined)
    return `Update the agent of ${silent}, or don't wait for its report: shoal gossip-key ignore ${silent}`;
  const [first] = waitingFor;
  return first === undefined || now - stageAt < stageMs ? undefined : `The log of ${first.member} says why.`;
}

function rotationText(rotation: GossipKeyRotationView, keys: readonly string[], paint: Palette): string {
  const { id, stage, reason, startedBy, startedAt, endedAt, from, to, ignored } = rotation;
  const why = reason === '' ? '' : ` (${reason})`;
  const head = `rotation ${id}${why} by ${startedBy}, ${from} to ${to}, begun ${ago(startedAt)}`;
  if (stage === 'done') return `${head}: ${paint.good('done')} ${ago(endedAt)}\n`;
  if (stage === 'aborted') {
    const both = keys.includes(from) && keys.includes(to) ? '; both keys are installed' : '';
    return `${head}: ${paint.bad('aborted')} ${ago(endedAt)}${both}\n`;
  }
  const hint = waitHint(rotation, Date.now());
  const lines = [
    `${head}`,
    `${paint.warn(stageLine(rotation))}`,
    ...waitLines(rotation),
    ...(ignored.length === 0 ? [] : [`  not waiting, while away, for ${ignored.join(', ')}`]),
    ...(hint === undefined ? [] : [paint.dim(hint)]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The keys as a table, and the rotation that runs or was the last. */
export function gossipKeysText(view: GossipKeysView, paint: Palette): string {
  if (!view.encrypted)
    return "The gossip isn't encrypted (gossip.encrypt in controller.yaml): there are no keys.\n";
  const color = { primary: paint.good, installed: paint.warn, removed: paint.bad };
  const table = formatTable(view.keys, [
    { heading: 'KEY', cell: (k) => k.fingerprint },
    { heading: 'STATE', cell: (k) => color[k.state](k.state) },
    { heading: 'HELD BY', cell: (k) => `${k.heldBy} of ${view.members}`, right: true },
    { heading: 'USED BY', cell: (k) => `${k.usedBy} of ${view.members}`, right: true },
    { heading: 'MADE', cell: (k) => (k.createdAt === null ? '-' : localTime(k.createdAt)) },
    { heading: 'PRIMARY SINCE', cell: (k) => (k.primarySince === null ? '-' : localTime(k.primarySince)) },
  ]);
  const members = paint.dim('Members: the nodes, as they last reported, and the controller.\n');
  const keys = view.keys.filter(({ state }) => state !== 'removed').map(({ fingerprint }) => fingerprint);
  return table + members + (view.rotation === null ? '' : rotationText(view.rotation, keys, paint));
}
