import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Profile } from '@shoal/gossip';
import { Cluster } from './gossip-cluster.js';
import { serf, shoal } from './gossip-peers.js';

/** What a measurement of two clusters is told. */
export interface GossipInput {
  /** Members of each cluster. */
  readonly nodes: number;
  readonly profile: Profile;
  readonly encrypted: boolean;
  /** Chance takes its course from it: which members are struck, and when. */
  readonly seed: number;
  /** Trials of each way to fail. */
  readonly trials: number;
  /** How long to measure idleness, or to stress. */
  readonly seconds: number;
}

/** The same measurement of both clusters. */
export interface Pair<T> {
  readonly shoal: T;
  readonly serf: T;
}

/** Does the same with both at the same time. */
export async function both<A, B>(pair: Pair<A>, act: (one: A) => Promise<B> | B): Promise<Pair<B>> {
  const [ours, theirs] = await Promise.all([act(pair.shoal), act(pair.serf)]);
  return { shoal: ours, serf: theirs };
}

/** Numbers in [0, 1) from a seed, always the same. */
export function chances(seed: number): () => number {
  let drawn = 0;
  return () => createHash('sha256').update(`${seed}/${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}

/** Starts both clusters, lets them be used, and ends them. */
export async function withClusters<T>(
  input: GossipInput,
  use: (clusters: Pair<Cluster>) => Promise<T>,
): Promise<T> {
  const keyFile = input.encrypted ? makeKeyFile() : undefined;
  const options = { nodes: input.nodes, profile: input.profile, keyFile };
  const clusters = { shoal: new Cluster(shoal, options), serf: new Cluster(serf, options) };
  try {
    await both(clusters, (cluster) => cluster.start());
    return await use(clusters);
  } finally {
    await both(clusters, (cluster) => cluster.stop());
  }
}

/** A file with a key made for this run; it goes when this process does, also when it is interrupted. */
function makeKeyFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const keyFile = join(directory, 'key.json');
  const key = { encrypt_key: randomBytes(32).toString('base64') };
  writeFileSync(keyFile, JSON.stringify(key), { mode: 0o600 });
  return keyFile;
}
