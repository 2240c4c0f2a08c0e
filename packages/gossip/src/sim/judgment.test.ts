import { type Test, test } from 'tap';
import type { Judgment } from '../core/index.js';
import type { SimNode } from './sim-node.js';
import { World } from './world.js';

/* Our judgment of failures beside memberlist's, in the same worlds. */

type Crash = 'stop' | 'vanish';
type Times = Record<Crash, number[]>;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ??
  Number.NaN;

/** Times from a crash until all others know, ms; one for each seed. First a process dies, later another's whole host. */
function detection(judgment: Judgment, count: number, seeds: number): Times {
  const times: Times = { stop: [], vanish: [] };
  for (let seed = 0; seed < seeds; seed++) {
    const world = new World({
      seed: 100 * count + seed,
      mode: 'objects',
      record: false,
      config: { judgment },
    });
    const standing = new Set(world.cluster(count));
    for (const crash of ['stop', 'vanish'] as const) {
      // At any phase of the probes.
      world.run(5000 + 137 * seed);
      const victim = [...standing][(7 * seed) % standing.size];
      if (!victim) throw new Error('no victim');
      standing.delete(victim);
      victim[crash]();
      const others = [...standing];
      const know = (): boolean => others.every((node) => node.status(victim.name) === 'dead');
      times[crash].push(world.until(know, 60_000));
      if (!others.every((node) => node.names('alive').length === others.length))
        throw new Error(`seed ${seed}: somebody else was given up as well`);
      const seat = others[0];
      if (crash === 'stop' && seat) {
        const again = world.add(victim.name);
        again.core.join(seat.address);
        standing.add(again);
        world.until(() => [...standing].every((node) => node.names('alive').length === count), 60_000);
      }
    }
  }
  return times;
}

const show = (times: readonly number[]): string =>
  [0.5, 0.9, 1].map((share) => `${Math.round(quantile(times, share))}`).join(' / ');

/** Compares both judgments; returns the ratio of the medians. */
function compare(t: Test, count: number, crash: Crash, ours: Times, theirs: Times): number {
  const ratio = quantile(ours[crash], 0.5) / quantile(theirs[crash], 0.5);
  const [own, other] = [show(ours[crash]), show(theirs[crash])];
  t.comment(`n=${count} ${crash}: p50 / p90 / max ${own} ms, memberlist ${other} ms, ${ratio.toFixed(2)}`);
  return ratio;
}

for (const [count, seeds, stopMost, vanishMost] of [
  // The other one of two is alone with its evidence, so that silence takes memberlist's time.
  [2, 8, 0.5, 1.1],
  [3, 8, 0.5, 0.6],
  [5, 8, 0.5, 0.6],
  [10, 8, 0.5, 0.55],
  [20, 8, 0.5, 0.5],
  [100, 1, 0.5, 0.6],
] as const) {
  test(`a crash in a cluster of ${count} is known in ${stopMost} of memberlist's time, ${vanishMost} if the host is gone`, async (t) => {
    const ours = detection('evidence', count, seeds);
    const theirs = detection('memberlist', count, seeds);
    t.ok(compare(t, count, 'stop', ours, theirs) <= stopMost);
    t.ok(compare(t, count, 'vanish', ours, theirs) <= vanishMost);
  });
}

interface Trouble {
  name: string;
  count: number;
  seeds: number;
  /** Makes trouble; returns the nodes that are not healthy themselves. */
  make(world: World, nodes: readonly SimNode[]): readonly SimNode[];
}

const pick = (world: World, nodes: readonly SimNode[]): SimNode =>
  nodes[Math.floor(world.random() * nodes.length)] as SimNode;

/** Does something to nodes for a while, again and again at random. */
function recurring(
  world: World,
  nodes: readonly SimNode[],
  [pauseMs, leastMs, mostMs]: readonly [number, number, number],
  begin: (node: SimNode) => void,
  end: (node: SimNode) => void,
): void {
  const again = (node: SimNode): void =>
    world.after(world.random() * pauseMs, () => {
      begin(node);
      world.after(leastMs + world.random() * (mostMs - leastMs), () => {
        end(node);
        again(node);
      });
    });
  for (const node of nodes) again(node);
}

const lossy = (loss: number): Trouble => ({
  name: `${100 * loss} % of all datagrams lost`,
  count: 10,
  seeds: 2,
  make: (world) => {
    world.setLoss(loss);
    return [];
  },
});

const TROUBLES: readonly Trouble[] = [
  lossy(0.01),
  lossy(0.1),
  lossy(0.3),
  {
    name: 'four members frozen for 1 to 10 s again and again',
    count: 14,
    seeds: 2,
    make: (world, nodes) => {
      const frozen = nodes.slice(0, 4);
      recurring(
        world,
        frozen,
        [15_000, 1000, 10_000],
        (node) => node.pause(),
        (node) => node.resume(),
      );
      return frozen;
    },
  },
  {
    name: 'every process slow now and then',
    count: 10,
    seeds: 2,
    make: (world, nodes) => {
      recurring(
        world,
        nodes,
        [10_000, 0, 3000],
        (node) => node.slow(400),
        (node) => node.slow(0),
      );
      return [];
    },
  },
  {
    name: 'three processes slow all along',
    count: 10,
    seeds: 2,
    make: (_, nodes) => {
      for (const node of nodes.slice(0, 3)) node.slow(200);
      return [];
    },
  },
  {
    name: 'twenty links that lead one way only, and loss',
    count: 12,
    seeds: 3,
    make: (world, nodes) => {
      world.setLoss(0.1);
      for (let i = 0; i < 20; i++) world.cut(pick(world, nodes), pick(world, nodes), true);
      return [];
    },
  },
];

/** How often a healthy node was given up, by whomever, within two minutes of trouble. */
function falseDeaths(judgment: Judgment, trouble: Trouble): number {
  const deaths = new Set<string>();
  for (let seed = 1; seed <= trouble.seeds; seed++) {
    const world = new World({ seed, mode: 'objects', record: false, config: { judgment } });
    const nodes = world.cluster(trouble.count);
    const unhealthy = new Set(trouble.make(world, nodes).map((node) => node.name));
    world.watch({
      heard: (_, event) => {
        if (event.kind !== 'member' || event.change !== 'fail' || unhealthy.has(event.node.name)) return;
        deaths.add(`${seed} ${event.node.name} ${event.node.incarnation}`);
      },
    });
    world.run(120_000);
  }
  return deaths.size;
}

for (const trouble of TROUBLES) {
  test(`no healthy node is given up that memberlist would keep: ${trouble.name}`, async (t) => {
    const [ours, theirs] = [falseDeaths('evidence', trouble), falseDeaths('memberlist', trouble)];
    t.comment(`given up: ${ours}, by memberlist's judgment ${theirs}`);
    t.ok(ours <= theirs, `${ours} instead of ${theirs}`);
  });
}
