import { type ChildProcess, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './gossip-cluster.js';
import { assess, type Freeze, type Judgment, planFreezes } from './gossip-freezes.js';
import { both, chances, type GossipInput, type Pair, withClusters } from './gossip-setup.js';

/** What `measureStress` gives of one cluster. */
export interface PeerStress extends Judgment {
  /** Own probes that failed. */
  readonly failedProbes: number;
  /** From the end of the stress until each member believed all others alive. */
  readonly wholeAgainMs: number;
}

/** Of 20 members 3 are frozen now and then. */
const frozenShare = 3 / 20;

/** What both clusters judge, at the same time, while half of the machine's processor is burnt and the same few members of each are frozen now and then. */
export async function measureStress(
  input: GossipInput,
  progress: (text: string) => void,
): Promise<Pair<PeerStress>> {
  const durationMs = input.seconds * 1000;
  const plan = planFreezes(input.seed, someMembers(input), durationMs);
  return await withClusters(input, async (clusters) => {
    const burners = burn();
    try {
      const start = performance.now();
      progress(`both clusters are complete; ${plan.length} freezes in ${input.seconds} s ...`);
      const done = await Promise.all(plan.map((freeze) => carryOut(clusters, freeze, start)));
      await delay(durationMs - (performance.now() - start));
      const end = performance.now();
      return await both(clusters, async (cluster) => {
        const { sightings } = cluster;
        await cluster.complete();
        const wholeAgainMs = performance.now() - end;
        const since = sightings.filter((s) => s.at >= start);
        return { ...assess(since, done), failedProbes: await cluster.failedProbes(), wholeAgainMs };
      });
    } finally {
      for (const burner of burners) burner.kill('SIGKILL');
    }
  });
}

function someMembers(input: GossipInput): readonly number[] {
  const chance = chances(input.seed + 1);
  const members = Array.from({ length: input.nodes }, (_, index) => ({ index, rank: chance() }));
  const count = Math.max(1, Math.round(input.nodes * frozenShare));
  return members
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ index }) => index);
}

/** One process without rest for every two cores. */
function burn(): readonly ChildProcess[] {
  const count = Math.max(1, Math.floor(cpus().length / 2));
  return Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}

/** Resolves with the times at which it truly happened. */
async function carryOut(clusters: Pair<Cluster>, freeze: Freeze, start: number): Promise<Freeze> {
  const signal = async (name: NodeJS.Signals, at: number): Promise<number> => {
    await delay(Math.max(0, at - (performance.now() - start)));
    clusters.shoal.signal(freeze.member, name);
    clusters.serf.signal(freeze.member, name);
    return performance.now();
  };
  const from = await signal('SIGSTOP', freeze.from);
  return { member: freeze.member, from, until: await signal('SIGCONT', freeze.until) };
}
