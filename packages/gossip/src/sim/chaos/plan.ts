import { type Random, shuffle } from '../../core/random.js';
import type { LinkQuality } from '../network.js';
import { seededRandom } from '../prng.js';
import type { Fault, ScheduledFault } from './faults.js';

/** How large and how long a chaos run is. */
export interface ChaosSize {
  /** Nodes at the start. */
  readonly nodes: number;
  /** Virtual ms of faults. */
  readonly faultsMs: number;
}

/** A run of chaos, before it is played: everything in it comes from the seed. */
export interface ChaosPlan {
  readonly seed: number;
  /** Of links within a site. */
  readonly link: LinkQuality;
  /** Latency between each two sites, ms; one site if it is undefined. */
  readonly farMs: number | undefined;
  readonly sites: number;
  readonly faults: readonly ScheduledFault[];
}

/** Mean time between two faults, virtual ms. */
const MEAN_GAP_MS = 3000;

/** Share of the kinds of faults that one run has. */
const KIND_SHARE = 0.5;

/** Plans for near seeds shall not resemble their worlds. */
const PLAN_SEED = 0x5eed;

const between = (random: Random, least: number, most: number): number => least + random() * (most - least);

/** A time whose logarithm is uniform: as many below a second as above ten. */
const spread = (random: Random, least: number, most: number): number =>
  Math.round(least * (most / least) ** random());

const nameOf = (number: number): string => `n${number}`;

/** Names of the nodes that a run begins with. */
export function firstNames(nodes: number): string[] {
  return Array.from({ length: nodes }, (_, i) => nameOf(i + 1));
}

/** The plan of one run. Pure: the same seed and size give the same plan. */
export function planChaos(seed: number, size: ChaosSize): ChaosPlan {
  const random = seededRandom(seed ^ PLAN_SEED);
  const sites = 1 + Math.floor(random() * 3);
  const link: LinkQuality = {
    latencyMs: [0.1, between(random, 0.5, 5)],
    loss: random() < 0.3 ? 0 : between(random, 0, 0.05),
    duplicates: random() < 0.5 ? 0 : between(random, 0, 0.05),
    stragglers: random() < 0.5 ? 0 : between(random, 0, 0.05),
    stragglerMs: 200,
  };
  const farMs = sites === 1 ? undefined : between(random, 2, 60);
  return { seed, sites, link, farMs, faults: planFaults(random, size) };
}

function planFaults(random: Random, size: ChaosSize): ScheduledFault[] {
  const names = firstNames(size.nodes);
  // Each run has only some kinds of faults, so that what one kind would excuse or hide is seen without it.
  const kinds = KINDS.filter(() => random() < KIND_SHARE);
  const faults: ScheduledFault[] = [];
  const nextGap = (): number => -Math.log(1 - random()) * MEAN_GAP_MS;
  for (let at = nextGap(); at < size.faultsMs; at += nextGap()) {
    for (const fault of planOne(random, kinds, names)) faults.push({ at: Math.round(at), ...fault });
  }
  return faults;
}

/** Plans one strike; a new node's name is added to the names. */
type Kind = (random: Random, names: string[]) => Fault[];

const KINDS: readonly Kind[] = [
  crash,
  crash,
  (random, names) => [{ kind: 'freeze', node: one(random, names), forMs: spread(random, 300, 50_000) }],
  (random, names) => [
    {
      kind: 'slow',
      node: one(random, names),
      maxMs: between(random, 50, 1000),
      forMs: spread(random, 2000, 30_000),
    },
  ],
  split,
  cut,
  cut,
  (random) => [{ kind: 'storm', loss: between(random, 0.05, 0.6), forMs: spread(random, 1000, 20_000) }],
  leave,
  (_, names) => {
    names.push(nameOf(names.length + 1));
    return [{ kind: 'join', node: names.at(-1) ?? '' }];
  },
  (random, names) => [{ kind: 'retag', node: one(random, names) }],
  manyCrash,
];

function planOne(random: Random, kinds: readonly Kind[], names: string[]): Fault[] {
  return kinds[Math.floor(random() * kinds.length)]?.(random, names) ?? [];
}

function one(random: Random, names: readonly string[]): string {
  return names[Math.floor(random() * names.length)] ?? '';
}

function some(random: Random, names: readonly string[], most: number): string[] {
  const shuffled = [...names];
  shuffle(random, shuffled);
  return shuffled.slice(0, 1 + Math.floor(random() * most));
}

function crash(random: Random, names: readonly string[]): Fault[] {
  const backAfterMs = random() < 0.2 ? undefined : spread(random, 100, 90_000);
  const host = random() < 0.5 ? 'up' : 'gone';
  return [{ kind: 'crash', node: one(random, names), host, backAfterMs, remembers: random() < 0.6 }];
}

/** A rack loses its power. */
function manyCrash(random: Random, names: readonly string[]): Fault[] {
  const backAfterMs = spread(random, 1000, 60_000);
  const remembers = random() < 0.6;
  return some(random, names, Math.ceil(names.length / 5)).map((node) => ({
    kind: 'crash',
    ...{ node, host: 'gone', backAfterMs, remembers },
  }));
}

function leave(random: Random, names: readonly string[]): Fault[] {
  const backAfterMs = random() < 0.4 ? undefined : spread(random, 1000, 60_000);
  return [{ kind: 'leave', node: one(random, names), backAfterMs, remembers: random() < 0.6 }];
}

function split(random: Random, names: readonly string[]): Fault[] {
  const shuffled = [...names];
  shuffle(random, shuffled);
  const at = 1 + Math.floor(random() * (shuffled.length - 1));
  const groups = [shuffled.slice(0, at), shuffled.slice(at)];
  if (random() < 0.3) {
    const [first = [], second = []] = groups;
    groups.splice(1, 1, second.slice(0, second.length >> 1), second.slice(second.length >> 1));
    groups[0] = first;
  }
  return [
    {
      kind: 'split',
      groups: groups.filter((group) => group.length > 0),
      forMs: spread(random, 1000, 60_000),
    },
  ];
}

function cut(random: Random, names: readonly string[]): Fault[] {
  const from = some(random, names, 8);
  const rest = names.filter((name) => !from.includes(name));
  const to = random() < 0.2 ? rest : some(random, rest, 8);
  return [{ kind: 'cut', from, to, oneWay: random() < 0.6, forMs: spread(random, 1000, 40_000) }];
}
