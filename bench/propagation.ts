import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchOptions } from './main.js';
import { Etcd, etcdVersion } from './propagation-etcd.js';
import { now } from './propagation-links.js';
import type { Arrival } from './propagation-messages.js';
import { ControllerProcess } from './propagation-shoal.js';
import { Workers, workerCount } from './propagation-workers.js';
import { type Figure, machine, type Report } from './report.js';

/** Of the gateway on every node: with them its manifest has about 30 KB. */
const endpoints = 60;
const kibibyte = 1024;
const key = 'manifest';

interface Input {
  readonly directory: string;
  readonly nodes: number;
  readonly commits: number;
  progress(text: string): void;
}

/** Milliseconds from the commit, over all nodes and commits. */
interface Measured {
  /** Until the change had arrived and was verified. */
  readonly arrived: readonly number[];
  /** Bytes that a node read, per commit. */
  readonly bytesPerNode: number;
  readonly cpuSecondsPerCommit: number;
  /** Of the processes at the other end of the connections. */
  readonly clientCpuSecondsPerCommit: number;
  readonly residentPerConnection: number;
}

interface MeasuredShoal extends Measured {
  /** Until the controller had stored that the node runs it. */
  readonly acknowledged: readonly number[];
  /** Until the whole rollout had succeeded, for a client that asks; one a commit. */
  readonly succeeded: readonly number[];
  readonly manifestBytes: number;
  /** Offers after the first revision that held a whole manifest. */
  readonly wholePushes: number;
  readonly residentBytes: number;
}

/** How long a change takes to all nodes: commit to acknowledgment over the agents' own links, beside watches of one key in etcd. */
export async function propagation(options: BenchOptions): Promise<Report> {
  const { version, progress } = options;
  const nodes = options.nodes ?? 1000;
  const commits = options.trials ?? 10;
  const directory = await mkdtemp(join(tmpdir(), 'shoal-propagation-'));
  try {
    const input: Input = { directory, nodes, commits, progress };
    const shoal = await measureShoal(input);
    const etcd = await measureEtcd(input, shoal.manifestBytes);
    return {
      benchmark: 'propagation',
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      versions: { shoal: version, etcd: etcdVersion() },
      setup: { nodes, commits, 'manifest (bytes)': shoal.manifestBytes, 'client processes': workerCount },
      figures: figuresOf(shoal, etcd),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function shareOf(total: number, worker: number): number {
  return Math.floor((total + workerCount - 1 - worker) / workerCount);
}

async function measureShoal({ directory, nodes, commits, progress }: Input): Promise<MeasuredShoal> {
  const controller = await ControllerProcess.start(directory, endpoints);
  const workers = new Workers();
  try {
    // Hosts that enroll by the same token at once get in each other's way: each process has one of its own.
    const tokens = await Promise.all(
      Array.from({ length: workerCount }, (_, worker) =>
        controller.client.call('token.create', { ttl: '1h', uses: shareOf(nodes, worker) }),
      ),
    );
    const before = controller.sample();
    progress(`${nodes} agents enroll and open their links ...`);
    const names = (worker: number): string[] =>
      Array.from({ length: shareOf(nodes, worker) }, (_, index) => `node-${worker}-${index}`);
    const { address } = controller;
    await workers.ask((worker) => ({
      kind: 'link',
      controller: address,
      token: tokens[worker]?.token ?? '',
      nodes: names(worker),
    }));
    await delay(5000);
    const linked = controller.sample();
    progress('the first manifest ...');
    await commitOnce(controller, workers, 'page 0', nodes);
    const all = { arrived: [] as number[], acknowledged: [] as number[], succeeded: [] as number[] };
    let bytes = 0;
    let cpu = 0;
    let clientCpu = 0;
    const wholeBefore = await controller.wholeOffers();
    for (let commit = 1; commit <= commits; commit += 1) {
      await delay(2500);
      const once = await commitOnce(controller, workers, `page ${commit}`, nodes);
      all.arrived.push(...once.arrived);
      all.acknowledged.push(...once.acknowledged);
      all.succeeded.push(once.succeeded);
      bytes += once.bytes;
      cpu += once.cpuSeconds;
      clientCpu += once.clientCpuSeconds;
      progress(
        `commit ${commit}: acknowledged p99 ${percentile(once.acknowledged, 0.99).toFixed(0)} ms, ` +
          `arrived p99 ${percentile(once.arrived, 0.99).toFixed(0)} ms, succeeded after ${once.succeeded.toFixed(0)} ms; ` +
          `processor time ${(once.cpuSeconds * 1000).toFixed(0)} ms, of the nodes' ends ${(once.clientCpuSeconds * 1000).toFixed(0)} ms`,
      );
    }
    return {
      ...all,
      bytesPerNode: bytes / commits / nodes,
      cpuSecondsPerCommit: cpu / commits,
      clientCpuSecondsPerCommit: clientCpu / commits,
      residentPerConnection: (linked.residentBytes - before.residentBytes) / nodes,
      residentBytes: controller.sample().residentBytes,
      manifestBytes: workers.manifestBytes,
      wholePushes: (await controller.wholeOffers()) - wholeBefore,
    };
  } finally {
    await workers.stop();
    await controller.stop();
  }
}

async function commitOnce(
  controller: ControllerProcess,
  workers: Workers,
  body: string,
  nodes: number,
): Promise<
  Pick<MeasuredShoal, 'arrived' | 'acknowledged'> & {
    succeeded: number;
    bytes: number;
    cpuSeconds: number;
    clientCpuSeconds: number;
  }
> {
  const bytesBefore = workers.bytesRead();
  const cpuBefore = controller.sample().cpuSeconds;
  const clientCpuBefore = workers.cpuSeconds();
  const begun = now();
  const revision = await controller.commit(body);
  const rollout = await controller.rolledOut(revision);
  const succeeded = now() - begun;
  const cpuSeconds = controller.sample().cpuSeconds - cpuBefore;
  const clientCpuSeconds = workers.cpuSeconds() - clientCpuBefore;
  const bytes = workers.bytesRead() - bytesBefore;
  const arrivals = await workers.arrivals(revision, nodes);
  const ended = rollout.nodes.map(({ node, endedAt }) => {
    if (endedAt === null) throw new Error(`${node} has not ended`);
    return endedAt - begun;
  });
  return {
    arrived: since(arrivals, begun),
    acknowledged: ended,
    succeeded,
    bytes,
    cpuSeconds,
    clientCpuSeconds,
  };
}

async function measureEtcd({ directory, nodes, commits, progress }: Input, size: number): Promise<Measured> {
  const etcd = await Etcd.start(directory);
  const workers = new Workers();
  try {
    const before = etcd.sample();
    progress(`${nodes} watchers of etcd ...`);
    const { endpoint, tls } = etcd;
    await workers.ask((worker) => ({
      kind: 'watch',
      endpoint,
      key,
      tls,
      watchers: shareOf(nodes, worker),
    }));
    await delay(5000);
    const linked = etcd.sample();
    const arrived: number[] = [];
    let bytes = 0;
    let cpu = 0;
    let clientCpu = 0;
    // The first one isn't counted, as with ours.
    for (let version = 1; version <= commits + 1; version += 1) {
      await delay(2500);
      const bytesBefore = workers.bytesRead();
      const cpuBefore = etcd.sample().cpuSeconds;
      const clientCpuBefore = workers.cpuSeconds();
      const begun = now();
      await etcd.client.put(key, Buffer.alloc(size, `page ${version}`));
      const once = since(await workers.arrivals(version, nodes), begun);
      if (version === 1) continue;
      arrived.push(...once);
      cpu += etcd.sample().cpuSeconds - cpuBefore;
      clientCpu += workers.cpuSeconds() - clientCpuBefore;
      bytes += workers.bytesRead() - bytesBefore;
      progress(`put ${version - 1}: arrived p99 ${percentile(once, 0.99).toFixed(0)} ms`);
    }
    return {
      arrived,
      bytesPerNode: bytes / commits / nodes,
      cpuSecondsPerCommit: cpu / commits,
      clientCpuSecondsPerCommit: clientCpu / commits,
      residentPerConnection: (linked.residentBytes - before.residentBytes) / nodes,
    };
  } finally {
    await workers.stop();
    await etcd.stop();
  }
}

function since(arrivals: readonly Arrival[], begun: number): number[] {
  return arrivals.map(({ at }) => at - begun);
}

/** The value that this part of all is not above. */
function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

function figuresOf(shoal: MeasuredShoal, etcd: Measured): Figure[] {
  const compared = (name: string, ours: number, theirs: number, unit: string): Figure => ({
    name,
    value: ours,
    unit,
    ratio: { to: 'etcd', value: ours / theirs, peer: theirs },
  });
  const parts = [
    ['p50', 0.5],
    ['p99', 0.99],
    ['max', 1],
  ] as const;
  const times = (what: string, values: readonly number[], aims: boolean): Figure[] =>
    parts.map(([name, part]) => ({
      ...compared(`${what}, ${name}`, percentile(values, part), percentile(etcd.arrived, part), 'ms'),
      ...(aims && name === 'p99' ? { aim: 1000 } : {}),
    }));
  return [
    ...times('commit until verified on a node', shoal.arrived, false),
    ...times('commit until acknowledged by a node and stored', shoal.acknowledged, true),
    {
      name: 'commit until the rollout has succeeded, p50',
      value: percentile(shoal.succeeded, 0.5),
      unit: 'ms',
    },
    { name: 'the same, max', value: percentile(shoal.succeeded, 1), unit: 'ms' },
    { name: 'whole manifests sent after the first', value: shoal.wholePushes, unit: '', aim: 0 },
    compared('bytes that a node reads per commit', shoal.bytesPerNode, etcd.bytesPerNode, 'B'),
    compared(
      'processor time per commit',
      shoal.cpuSecondsPerCommit * 1000,
      etcd.cpuSecondsPerCommit * 1000,
      'ms',
    ),
    compared(
      'the same of the processes at the other end',
      shoal.clientCpuSecondsPerCommit * 1000,
      etcd.clientCpuSecondsPerCommit * 1000,
      'ms',
    ),
    compared(
      'memory per link (resident)',
      shoal.residentPerConnection / kibibyte,
      etcd.residentPerConnection / kibibyte,
      'KiB',
    ),
    {
      name: 'controller memory at the end (resident)',
      value: shoal.residentBytes / kibibyte / kibibyte,
      unit: 'MiB',
    },
  ];
}
