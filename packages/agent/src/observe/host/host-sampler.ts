import { readFile, statfs } from 'node:fs/promises';
import {
  type CpuTicks,
  parseCpu,
  parseDiskIo,
  parseLoad,
  parseMemory,
  parseMounts,
  parseNetwork,
} from './proc.js';

/** Metric name to value; docs/metrics.md lists the names. */
export type MetricValues = Record<string, number>;

/** Where the sampler reads: the kernel's files, file systems and the clock. */
export interface HostFiles {
  read(path: string): Promise<string>;
  disk(path: string): Promise<{ total: number; used: number } | undefined>;
  now(): number;
}

/** The real host. */
export const hostFiles: HostFiles = {
  read: (path) => readFile(path, 'latin1'),
  disk: async (path) => {
    const found = await statfs(path).catch(() => undefined);
    if (found === undefined || found.blocks === 0) return undefined;
    return { total: found.blocks * found.bsize, used: (found.blocks - found.bfree) * found.bsize };
  },
  now: Date.now,
};

interface Counters {
  readonly at: number;
  readonly cpu: CpuTicks | undefined;
  readonly network: { received: number; sent: number };
  readonly diskIo: { read: number; written: number };
}

/** Measures the host. Rates are those since the sample before, so the first one has none. */
export class HostSampler {
  readonly #files: HostFiles;
  #before: Counters | undefined;

  constructor(files: HostFiles = hostFiles) {
    this.#files = files;
  }

  /** Takes a sample. What this kernel doesn't tell is left out. */
  async sample(): Promise<MetricValues> {
    const read = (path: string) => this.#files.read(path).catch(() => '');
    const [stat, meminfo, loadavg, dev, diskstats, mounts] = await Promise.all(
      [
        '/proc/stat',
        '/proc/meminfo',
        '/proc/loadavg',
        '/proc/net/dev',
        '/proc/diskstats',
        '/proc/mounts',
      ].map(read),
    );
    const now: Counters = {
      at: this.#files.now(),
      cpu: parseCpu(stat ?? ''),
      network: parseNetwork(dev ?? ''),
      diskIo: parseDiskIo(diskstats ?? ''),
    };
    const values: MetricValues = {
      ...memoryValues(meminfo ?? ''),
      ...loadValues(loadavg ?? ''),
      ...(this.#before === undefined ? {} : rateValues(this.#before, now)),
      ...(await this.#diskValues(parseMounts(mounts ?? ''))),
    };
    this.#before = now;
    return values;
  }

  async #diskValues(points: readonly string[]): Promise<MetricValues> {
    const values: MetricValues = {};
    for (const point of points) {
      const disk = await this.#files.disk(point);
      if (disk === undefined) continue;
      values[`disk.${point}.total_bytes`] = disk.total;
      values[`disk.${point}.used_bytes`] = disk.used;
    }
    return values;
  }
}

function memoryValues(meminfo: string): MetricValues {
  const sizes = parseMemory(meminfo);
  const total = sizes.get('MemTotal');
  const available = sizes.get('MemAvailable') ?? sizes.get('MemFree');
  if (total === undefined || available === undefined) return {};
  return {
    'memory.total_bytes': total,
    'memory.used_bytes': total - available,
    'swap.used_bytes': (sizes.get('SwapTotal') ?? 0) - (sizes.get('SwapFree') ?? 0),
  };
}

function loadValues(loadavg: string): MetricValues {
  const [one, five, fifteen] = parseLoad(loadavg);
  if (one === undefined || five === undefined || fifteen === undefined) return {};
  return { 'load.1m': one, 'load.5m': five, 'load.15m': fifteen };
}

function rateValues(before: Counters, now: Counters): MetricValues {
  const seconds = (now.at - before.at) / 1000;
  if (seconds <= 0) return {};
  // A counter that went back (interface gone, wrapped) gives no rate rather than a wrong one.
  const rate = (from: number, to: number) => Math.max(0, (to - from) / seconds);
  const ticks = (now.cpu?.total ?? 0) - (before.cpu?.total ?? 0);
  const share = (from = 0, to = 0) => Math.min(1, Math.max(0, (to - from) / ticks));
  return {
    ...(ticks > 0
      ? {
          'cpu.used': share(before.cpu?.busy, now.cpu?.busy),
          'cpu.iowait': share(before.cpu?.iowait, now.cpu?.iowait),
        }
      : {}),
    'net.rx_bytes_per_s': rate(before.network.received, now.network.received),
    'net.tx_bytes_per_s': rate(before.network.sent, now.network.sent),
    'disk.read_bytes_per_s': rate(before.diskIo.read, now.diskIo.read),
    'disk.written_bytes_per_s': rate(before.diskIo.written, now.diskIo.written),
  };
}
