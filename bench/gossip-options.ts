import { execFileSync, spawnSync } from 'node:child_process';
import { UsageError } from './arguments.js';
import type { GossipInput, Pair } from './gossip-setup.js';
import type { BenchOptions } from './main.js';
import type { Figure } from './report.js';

/** Options of a gossip benchmark with their defaults. Throws UsageError if there would be nobody to confirm a failure. */
export function gossipInput(options: BenchOptions, seconds: number): GossipInput {
  const nodes = options.nodes ?? 20;
  if (nodes < 3 || nodes > 250) throw new UsageError(`--nodes is ${nodes}, expected 3 to 250`);
  return {
    nodes,
    profile: options.profile ?? 'lan',
    encrypted: options.encrypted,
    seed: options.seed ?? 1,
    trials: options.trials ?? 10,
    seconds: options.seconds ?? seconds,
  };
}

/** The version of the serf agent that is installed. Throws Error, saying how to install it, if none is. */
export function installedSerf(): string {
  for (const program of ['serf', 'nft', 'ip', 'unshare']) {
    if (spawnSync(program, ['--version']).error !== undefined) {
      throw new Error(
        `${program} is not installed: node scripts/debian-packages.mjs serf nftables iproute2 util-linux`,
      );
    }
  }
  const { stdout } = spawnSync('dpkg-query', ['--status', 'serf'], { encoding: 'utf8' });
  const packaged = /^Version: (.*)$/m.exec(stdout ?? '')?.[1];
  if (packaged !== undefined) return packaged;
  return execFileSync('serf', ['version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
}

/** A figure of ours beside serf's from the same run. `aim`: how many times serf's it may be at most. */
export function compared<T>(
  name: string,
  unit: string,
  pair: Pair<T>,
  of: (peer: T) => number,
  aim?: number,
): Figure {
  const ours = of(pair.shoal);
  const theirs = of(pair.serf);
  return {
    name,
    value: ours,
    unit,
    ...(aim !== undefined && { aim: aim * theirs }),
    ratio: { to: 'serf', value: ours / theirs, peer: theirs },
  };
}
