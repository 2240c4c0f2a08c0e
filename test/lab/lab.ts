import { cacheDirectory, ensureBase } from './base.js';
import { Fabric } from './fabric.js';
import { fetchFrom, type LabRequest, type LabResponse } from './fetch.js';
import { Host } from './host.js';
import { onExit } from './on-exit.js';
import { registerRun, removeRun, sweepDeadRuns } from './run-record.js';
import { type WaitOptions, waitFor } from './wait-for.js';

export type { CommandOptions, CommandResult } from './command.js';
export type { LabRequest, LabResponse } from './fetch.js';
export { Host } from './host.js';
export { type WaitOptions, waitFor } from './wait-for.js';

/** What a lab consists of. */
export interface LabOptions {
  /** How many hosts (`host1`, `host2`, …), or their names. */
  hosts: number | readonly string[];
  /** Directories of this machine that each host sees, read-only: path there → path here. */
  binds?: Readonly<Record<string, string>>;
}

/** Real hosts in a network of their own on this machine, and the faults that can be brought upon them. */
export interface Lab {
  /** In the order asked for. */
  readonly hosts: readonly Host[];
  /** The network; `fabric.exec` runs a command in it that can reach all the hosts. */
  readonly fabric: Fabric;
  /** The host of this name. */
  host(name: string): Host;
  /** An HTTP request from inside the network. */
  fetch(url: string, request?: LabRequest): Promise<LabResponse>;
  /** Breaks the link between two hosts only; with `oneWay`, what the first sends to the second is lost. */
  cut(from: Host, to: Host, options?: { oneWay?: boolean }): Promise<void>;
  /** Mends the link between two hosts, or one isolated host's cable, or (no argument) everything. */
  heal(one?: Host, other?: Host): Promise<void>;
  /** Pulls a host's network cable. */
  isolate(host: Host): Promise<void>;
  /** Asks until the condition holds, see `waitFor`. */
  waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions): Promise<NonNullable<T>>;
  /** Takes all of it away. Happens by itself, too, when the process ends. */
  destroy(): Promise<void>;
}

/**
 * Boots hosts and returns when all of them are up: `const lab = await createLab({ hosts: 4 })`. Needs root, Debian's
 * `systemd-container debootstrap iproute2 nftables dpkg-dev`, and for the first time ever the network. What dead runs
 * have left on the machine is removed on the way.
 * @throws Error saying what is missing or which host didn't boot; nothing is left behind then.
 */
export async function createLab(options: LabOptions): Promise<Lab> {
  if (process.getuid?.() !== 0)
    throw new Error('the lab needs root: it makes namespaces, mounts and containers');
  sweepDeadRuns();
  const base = await ensureBase();
  const names = hostNames(options.hosts);
  const record = registerRun(cacheDirectory(), names);
  const remove = onExit(() => removeRun(record));
  try {
    const fabric = new Fabric(record);
    const { binds = {} } = options;
    const hosts = names.map((name, index) => new Host(record, fabric, { name, index, binds }));
    await fabric.create();
    const etcHosts = [
      ...hosts.map(({ address, name }) => `${address} ${name}`),
      '127.0.0.1 localhost',
      '',
    ].join('\n');
    for (const host of hosts) await host.create(base, etcHosts);
    await Promise.all(hosts.map((host) => host.boot()));
    return assemble(hosts, fabric, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function assemble(hosts: Host[], fabric: Fabric, remove: () => void): Lab {
  return {
    hosts,
    fabric,
    host(name) {
      const found = hosts.find((host) => host.name === name);
      if (found === undefined)
        throw new Error(`no host "${name}"; there are ${hosts.map((host) => host.name)}`);
      return found;
    },
    fetch: (url, request) => fetchFrom(fabric, url, request),
    cut: (from, to, { oneWay = false } = {}) => fabric.cut(from, to, oneWay),
    async heal(one, other) {
      if (one !== undefined && other !== undefined) return await fabric.heal(one, other);
      if (one !== undefined) return await one.isolate(false);
      await fabric.healAll();
      for (const host of hosts) await host.isolate(false);
    },
    isolate: (host) => host.isolate(true),
    waitFor,
    async destroy() {
      remove();
    },
  };
}

function hostNames(hosts: number | readonly string[]): string[] {
  const names =
    typeof hosts === 'number' ? Array.from({ length: hosts }, (_, i) => `host${i + 1}`) : [...hosts];
  for (const name of names) {
    // A part of a namespace's, a directory's and a cgroup's name.
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name) || name === 'fabric')
      throw new Error(`not a host's name: "${name}"`);
  }
  return names;
}
