/** Pure readers of the kernel's text files (proc(5)); what isn't there reads as absent, never as zero. */

/** Ticks of all cores together since boot. */
export interface CpuTicks {
  readonly busy: number;
  readonly iowait: number;
  readonly total: number;
}

/** The first line of /proc/stat. */
export function parseCpu(stat: string): CpuTicks | undefined {
  const match = /^cpu +(.*)$/m.exec(stat);
  if (match === null) return undefined;
  const ticks = (match[1] ?? '').trim().split(/ +/).map(Number);
  // user nice system idle iowait irq softirq steal; guest time is part of user already.
  const counted = ticks.slice(0, 8);
  const total = counted.reduce((sum, value) => sum + value, 0);
  const iowait = counted[4] ?? 0;
  return { busy: total - (counted[3] ?? 0) - iowait, iowait, total };
}

/** /proc/meminfo in bytes, by the kernel's names. */
export function parseMemory(meminfo: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const match of meminfo.matchAll(/^(\w+): +(\d+) kB$/gm)) {
    sizes.set(match[1] ?? '', Number(match[2]) * 1024);
  }
  return sizes;
}

/** Bytes received and sent since boot by all interfaces but loopback: /proc/net/dev. */
export function parseNetwork(dev: string): { received: number; sent: number } {
  let received = 0;
  let sent = 0;
  for (const match of dev.matchAll(/^ *([^\s:]+):(.*)$/gm)) {
    if (match[1] === 'lo') continue;
    const counters = (match[2] ?? '').trim().split(/ +/).map(Number);
    received += counters[0] ?? 0;
    sent += counters[8] ?? 0;
  }
  return { received, sent };
}

/** The three averages of /proc/loadavg. */
export function parseLoad(loadavg: string): readonly number[] {
  return loadavg.split(' ').slice(0, 3).map(Number);
}

/** Bytes read and written since boot by whole disks (not partitions): /proc/diskstats, in sectors of 512 bytes. */
export function parseDiskIo(diskstats: string): { read: number; written: number } {
  let read = 0;
  let written = 0;
  for (const line of diskstats.split('\n')) {
    const columns = line.trim().split(/ +/);
    const name = columns[2] ?? '';
    if (!/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name)) continue;
    read += Number(columns[5] ?? 0) * 512;
    written += Number(columns[9] ?? 0) * 512;
  }
  return { read, written };
}

/** Mount points that hold data of the host's own: real devices, each once. /proc/mounts. */
export function parseMounts(mounts: string): readonly string[] {
  const byDevice = new Map<string, string>();
  for (const line of mounts.split('\n')) {
    const [device, point, type] = line.split(' ');
    if (device === undefined || point === undefined || type === undefined) continue;
    const real = device.startsWith('/dev/') && !['squashfs', 'iso9660'].includes(type);
    if (point === '/' || (real && !byDevice.has(device))) byDevice.set(device, point);
  }
  return [...new Set(byDevice.values())].filter((point) => !point.includes('\\')).slice(0, 16);
}
