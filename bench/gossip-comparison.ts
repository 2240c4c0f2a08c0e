import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './gossip-cluster.js';
import { both, chances, type GossipInput, type Pair, withClusters } from './gossip-setup.js';
import { countTraffic, sampleTraffic, type TrafficSample } from './gossip-traffic.js';
import { sampleProcess } from './processes.js';

/** What a cluster costs while nothing happens; all per member. */
export interface Idleness {
  readonly udpBytesPerSecond: number;
  readonly tcpBytesPerSecond: number;
  readonly packetsPerSecond: number;
  /** Share of a core: 0 to 1. */
  readonly cpu: number;
  /** Median. */
  readonly residentBytes: number;
}

/** How one failure became known; all in seconds since it happened. */
export interface Detection {
  /** The first member's own probe had failed. */
  readonly suspected: number;
  /** The first, the last of the others called it dead. */
  readonly first: number;
  readonly last: number;
}

/** How a member fails: its process is ended, so that the kernel refuses what is sent to it, or it falls silent. */
export type Failure = 'crash' | 'freeze';

/** What `measureComparison` gives of one cluster. */
export interface PeerComparison {
  readonly idle: Idleness;
  readonly detections: Readonly<Record<Failure, readonly Detection[]>>;
  /** Members called dead that were not: counted once for each member that said so. */
  readonly falseDeaths: number;
}

const signals: Readonly<Record<Failure, NodeJS.Signals>> = { crash: 'SIGKILL', freeze: 'SIGSTOP' };
/** Before idleness is measured, joins are passed on and full exchanges become regular: this share of what is measured then, 30 s of 60. */
const settlingShare = 1 / 2;

/** Idleness and detection of failures, of both at the same time. */
export async function measureComparison(
  input: GossipInput,
  progress: (text: string) => void,
): Promise<Pair<PeerComparison> & { readonly bareNodeBytes: number }> {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' });
  return await withClusters(input, async (clusters) => {
    countTraffic([clusters.shoal.peer.network, clusters.serf.peer.network]);
    await delay(input.seconds * settlingShare * 1000);
    progress(`both clusters are complete; idle for ${input.seconds} s ...`);
    const idle = await both(clusters, (cluster) => measureIdleness(cluster, input));
    const bareNodeBytes = sampleProcess(bare.pid ?? 0).residentBytes;
    const found = await detect(clusters, input, progress);
    return {
      bareNodeBytes,
      shoal: { idle: idle.shoal, ...found.shoal },
      serf: { idle: idle.serf, ...found.serf },
    };
  });
}

async function measureIdleness(cluster: Cluster, input: GossipInput): Promise<Idleness> {
  const look = (): { traffic: TrafficSample; cpu: number; at: number } => ({
    traffic: sampleTraffic(cluster.peer.network),
    cpu: sum(cluster.pids().map((pid) => sampleProcess(pid).cpuSeconds)),
    at: performance.now(),
  });
  const before = look();
  await delay(input.seconds * 1000);
  const after = look();
  const perMember = (amount: (sample: typeof before) => number): number =>
    (amount(after) - amount(before)) / ((after.at - before.at) / 1000) / input.nodes;
  return {
    udpBytesPerSecond: perMember(({ traffic }) => traffic.udp.bytes),
    tcpBytesPerSecond: perMember(({ traffic }) => traffic.tcp.bytes),
    packetsPerSecond: perMember(({ traffic }) => traffic.udp.packets + traffic.tcp.packets),
    cpu: perMember(({ cpu }) => cpu),
    residentBytes: median(cluster.pids().map((pid) => sampleProcess(pid).residentBytes)),
  };
}

interface Found {
  detections: Record<Failure, Detection[]>;
  falseDeaths: number;
}

async function detect(
  clusters: Pair<Cluster>,
  input: GossipInput,
  progress: (text: string) => void,
): Promise<Pair<Found>> {
  const chance = chances(input.seed);
  const found: Pair<Found> = {
    shoal: { detections: { crash: [], freeze: [] }, falseDeaths: 0 },
    serf: { detections: { crash: [], freeze: [] }, falseDeaths: 0 },
  };
  for (let trial = 1; trial <= input.trials; trial++) {
    for (const failure of ['crash', 'freeze'] as const) {
      const victim = Math.floor(chance() * input.nodes);
      // So that failures meet the probers at any point of their intervals.
      await delay(1000 + chance() * 2000);
      const since = performance.now();
      const seen = await both(clusters, (cluster) => detectOne(cluster, victim, signals[failure]));
      await both(clusters, (cluster) => cluster.replace(victim));
      for (const name of ['shoal', 'serf'] as const) {
        found[name].detections[failure].push(seen[name]);
        found[name].falseDeaths += clusters[name].sightings.filter(
          (s) => s.at >= since && s.change === 'dead' && s.subject !== victim,
        ).length;
      }
      const times = `shoal ${seen.shoal.last.toFixed(2)} s, serf ${seen.serf.last.toFixed(2)} s`;
      progress(
        `trial ${trial} of ${input.trials}, ${failure} of member ${victim}: known to all after ${times}`,
      );
    }
  }
  return found;
}

async function detectOne(cluster: Cluster, victim: number, signal: NodeJS.Signals): Promise<Detection> {
  const from = cluster.sightings.length;
  const at = performance.now();
  cluster.signal(victim, signal);
  const verdicts = new Map<number, number>();
  let looked = from;
  await cluster.until(`all call member ${victim} dead`, () => {
    for (const s of cluster.sightings.slice(looked)) {
      if (s.subject === victim && s.change === 'dead' && s.observer !== victim && !verdicts.has(s.observer)) {
        verdicts.set(s.observer, s.at);
      }
    }
    looked = cluster.sightings.length;
    return verdicts.size === cluster.indexes.length - 1;
  });
  const suspicion = cluster.sightings.slice(from).find((s) => s.subject === victim && s.own);
  const times = [...verdicts.values()];
  return {
    suspected: ((suspicion?.at ?? Math.min(...times)) - at) / 1000,
    first: (Math.min(...times) - at) / 1000,
    last: (Math.max(...times) - at) / 1000,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}
