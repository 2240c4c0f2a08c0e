import t from 'tap';
import { advance, beginRotation, firstRing } from './machine.js';
import type { KeyRing } from './ring.js';
import { runningRotation } from './ring.js';

/**
 * Every order of events of a rotation, searched exhaustively: a controller and two agents, each of which may be killed, cut off and brought back between any
 * two actions. The real machine decides; what is around it is modeled as the driver and the agents do it: the ring is stored before anything is told, the
 * controller's own member goes first, an agent stores keys before its gossip holds them and reports after.
 */
interface Agent {
  readonly disk: readonly string[];
  /** What its gossip holds, the primary first; null: its process is down. */
  readonly gossip: readonly string[] | null;
  readonly isLinked: boolean;
  /** Keys on their way to it; they may arrive after the link broke. */
  readonly inbox: readonly string[] | null;
  /** What the controller heard last on the present link. */
  readonly reported: readonly string[];
}

interface World {
  readonly ring: KeyRing;
  /** What the controller's own member holds; null: its process is down. */
  readonly own: readonly string[] | null;
  /** A ring was stored, and isn't told yet: to its own member (-1), to agents. */
  readonly untold: readonly number[];
  readonly agents: readonly Agent[];
}

const by = { name: 'ann', door: 'grpc' } as const;
const options = { settleMs: 0, newKey: (): string => 'b' };
const keysOf = ({ keys }: KeyRing): string[] => keys.map(({ fingerprint }) => fingerprint);
const stateOf = (held: readonly string[]) => ({ primary: held[0] ?? '', held });

function begin(): World {
  const first = firstRing('a', 0);
  const ring = beginRotation(first, { ...options, at: 0, by, reason: '', ignored: [] });
  const agent: Agent = { disk: ['a'], gossip: ['a'], isLinked: true, inbox: null, reported: ['a'] };
  return { ring, own: ['a'], untold: [-1, 0, 1], agents: [agent, agent] };
}

function withAgent(world: World, index: number, part: Partial<Agent>): World {
  return { ...world, agents: world.agents.map((agent, i) => (i === index ? { ...agent, ...part } : agent)) };
}

/** The driver's turn: it observes, advances, stores. Only once all is told that a ring before it said. */
function drive(world: World): World | undefined {
  const { own, ring, agents, untold } = world;
  if (own === null || untold.includes(-1)) return undefined;
  const members = new Map(
    agents.map(({ isLinked, reported }, i) => [
      `agent-${i}`,
      // Offline is what the machine waits for least.
      {
        presence: isLinked ? ('connected' as const) : ('offline' as const),
        enrolledAt: 1,
        keys: stateOf(reported),
      },
    ]),
  );
  members.set('controller', { presence: 'connected', enrolledAt: 0, keys: stateOf(own) });
  const next = advance(ring, { at: 0, members }, options);
  if (next === ring) return undefined;
  // What is stored is JSON.
  const stored = JSON.parse(JSON.stringify(next)) as KeyRing;
  const isTold = next.keys === ring.keys;
  return { ...world, ring: stored, untold: isTold ? untold : [-1, ...agents.map((_, i) => i)] };
}

function tell(world: World, to: number): World | undefined {
  const { own, ring, untold } = world;
  if (own === null || !untold.includes(to) || (to !== -1 && untold.includes(-1))) return undefined;
  const rest = { ...world, untold: untold.filter((it) => it !== to) };
  if (to === -1) return { ...rest, own: keysOf(ring) };
  return world.agents[to]?.isLinked === true ? withAgent(rest, to, { inbox: keysOf(ring) }) : rest;
}

type Act = (world: World, agent: Agent, index: number) => World | undefined;

const agentActs: Readonly<Record<string, Act>> = {
  store: (world, { gossip, inbox }, i) =>
    gossip === null || inbox === null ? undefined : withAgent(world, i, { disk: inbox, inbox: null }),
  use: (world, { gossip, disk }, i) =>
    gossip === null || gossip === disk ? undefined : withAgent(world, i, { gossip: disk }),
  report: (world, { gossip, isLinked }, i) =>
    gossip === null || !isLinked ? undefined : withAgent(world, i, { reported: gossip }),
  link: (world, { gossip, isLinked }, i) =>
    gossip === null || isLinked || world.own === null || world.untold.includes(-1)
      ? undefined
      : withAgent(world, i, { isLinked: true, reported: gossip, inbox: keysOf(world.ring) }),
  start: (world, { gossip, disk }, i) =>
    gossip === null ? withAgent(world, i, { gossip: disk }) : undefined,
};

const faults: Readonly<Record<string, Act>> = {
  kill: (world, { gossip }, i) =>
    gossip === null ? undefined : withAgent(world, i, { gossip: null, isLinked: false, inbox: null }),
  cut: (world, { isLinked }, i) => (isLinked ? withAgent(world, i, { isLinked: false }) : undefined),
};

function killController(world: World): World | undefined {
  if (world.own === null) return undefined;
  const agents = world.agents.map((agent) => ({ ...agent, isLinked: false }));
  return { ...world, own: null, untold: [], agents };
}

function startController(world: World): World | undefined {
  return world.own === null ? { ...world, own: keysOf(world.ring) } : undefined;
}

function ofAgents(world: World, acts: Readonly<Record<string, Act>>): (World | undefined)[] {
  return Object.values(acts).flatMap((act) => world.agents.map((agent, i) => act(world, agent, i)));
}

/** What can happen next when nothing fails. */
function steps(world: World): World[] {
  const tells = world.untold.map((to) => tell(world, to));
  return [startController(world), drive(world), ...tells, ...ofAgents(world, agentActs)].filter(
    (next) => next !== undefined,
  );
}

/** The same for worlds that differ in nothing but the agents' names. */
function name({ ring, own, untold, agents }: World): string {
  const { rotation } = ring;
  const named = agents.map((agent, i) => JSON.stringify([agent, untold.includes(i)])).sort();
  return JSON.stringify([
    keysOf(ring),
    rotation?.stage,
    rotation?.usedByAllSince,
    own,
    untold.includes(-1),
    named,
  ]);
}

/** Members that run, and can't read what another one that runs says. */
function deaf({ own, agents }: World): string[] {
  const running = [own, ...agents.map(({ gossip }) => gossip)].filter((held) => held !== null);
  return running.flatMap((hearer) =>
    running.filter(([primary = '']) => !hearer.includes(primary)).map((speaker) => `${speaker} by ${hearer}`),
  );
}

/** Without faults it comes to its end from here, in the order in which `steps` tells. */
function isDone(world: World): boolean {
  let present = world;
  for (let turn = 0; turn < 200; turn += 1) {
    if (
      runningRotation(present.ring) === null &&
      present.agents.every(({ gossip }) => gossip?.join() === 'b')
    )
      return true;
    const before = name(present);
    const next = steps(present).find((candidate) => name(candidate) !== before);
    if (next === undefined) return false;
    present = next;
  }
  return false;
}

t.test(
  'whoever is killed or cut off, and whenever: all read each other, and the rotation ends',
  async (t) => {
    const first = begin();
    const seen = new Set([name(first)]);
    const stages = new Set<string | undefined>();
    const waiting = [first];
    const failed: string[] = [];
    for (let world = waiting.pop(); world !== undefined; world = waiting.pop()) {
      stages.add(world.ring.rotation?.stage);
      const unheard = deaf(world);
      if (unheard.length > 0) failed.push(`${unheard.join('; ')} in ${name(world)}`);
      if (!isDone(world)) failed.push(`stuck in ${name(world)}`);
      if (failed.length > 0) break;
      const broken = [killController(world), ...ofAgents(world, faults)].filter((next) => next !== undefined);
      for (const next of [...steps(world), ...broken]) {
        const key = name(next);
        if (seen.has(key)) continue;
        seen.add(key);
        waiting.push(next);
      }
    }
    t.same(failed, []);
    t.same([...stages].sort(), ['done', 'installing', 'removing', 'using']);
    t.ok(seen.size > 1000, `${seen.size} states`);
    t.comment(`${seen.size} states`);
  },
);
