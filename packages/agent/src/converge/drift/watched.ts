import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderedService, RenderedStep } from '../render/rendered.js';
import { markerOf } from '../steps/archive.js';

/** A path on which the outcome of a step's check hangs. */
export interface Watched {
  readonly path: string;
  /** Of a directory: what is in it counts too. Default: only that it is there, its mode and its owner. */
  readonly entries?: true;
}

/** When a step's check has to be made: when something of these paths changed, at each look, or at none. */
export type Watching = readonly Watched[] | 'each-look' | 'never';

/** Users and groups as the host's files know them. */
const names: readonly Watched[] = [{ path: '/etc/passwd' }, { path: '/etc/group' }];
const systemdUnits = '/etc/systemd/system';

/** What the check of a step hangs on. `kind`: how services are run here. */
export async function watchingOf(
  step: RenderedStep,
  service: RenderedService,
  kind: 'systemd' | 'process',
): Promise<Watching> {
  switch (step.type) {
    case 'archive':
      return [step.path, join(step.path, step.creates ?? ''), step.source, markerOf(step.path)].map(
        (path) => ({
          path,
        }),
      );
    case 'link':
    case 'dropin':
      return [{ path: step.path }];
    case 'hosts':
      return [{ path: '/etc/hosts' }];
    case 'user':
    case 'group':
      return names;
    case 'wait':
      // What was waited for once isn't a state that this service keeps.
      return 'never';
    case 'file':
    case 'directory':
    case 'download':
      return step.owner === undefined && step.group === undefined
        ? [{ path: step.path }]
        : [{ path: step.path }, ...names];
    case 'package':
      return [{ path: '/var/lib/dpkg/status' }];
    case 'unit':
      return watchingUnit(step.unit);
    case 'service':
      // The process supervisor is asked for nothing: it knows.
      return kind === 'process' ? 'each-look' : watchingUnit(service.process.unit ?? '');
    case 'exec':
      return step.check === undefined ? 'never' : 'each-look';
  }
}

/**
 * systemd keeps a link with the id of each unit's present run: another one after a restart, none when the unit isn't active (measured with
 * Debian 12's). What it is enabled for are links below /etc. Without the first systemd has to be asked.
 */
async function watchingUnit(unit: string): Promise<Watching> {
  const run: Watched = { path: `/run/systemd/units/invocation:${unit}` };
  if ((await statOf(run.path)) === undefined) return 'each-look';
  const fragments = [systemdUnits, '/run/systemd/system', '/lib/systemd/system'];
  return [
    run,
    { path: systemdUnits, entries: true },
    ...(await wantsDirectories()).map((path) => ({ path, entries: true }) as const),
    ...fragments.map((directory) => ({ path: join(directory, unit) })),
  ];
}

async function wantsDirectories(): Promise<readonly string[]> {
  const entries = await readdir(systemdUnits).catch(() => []);
  return entries
    .filter((name) => name.endsWith('.wants') || name.endsWith('.requires'))
    .map((name) => join(systemdUnits, name));
}

/** A change within that time of an earlier one may leave the same time stamp, in nanoseconds. */
const tickNs = 100_000_000n;

/**
 * A text that is another one as soon as anything of these paths changed: whoever changes a file can set its other times, but not that of its
 * last change. Undefined when it can't be relied on, because something changed just now.
 */
export async function fingerprintOf(watched: readonly Watched[], nowMs: number): Promise<string | undefined> {
  const newest = BigInt(Math.round(nowMs)) * 1_000_000n - tickNs;
  const parts: string[] = [];
  for (const { path, entries } of watched) {
    const stat = await statOf(path);
    if (stat === undefined) {
      parts.push('none');
      continue;
    }
    const itself = `${stat.dev}.${stat.ino}.${stat.mode}.${stat.uid}.${stat.gid}`;
    if (stat.isDirectory() && entries === undefined) {
      parts.push(itself);
      continue;
    }
    if (stat.ctimeNs > newest) return undefined;
    parts.push(`${itself}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`);
  }
  return parts.join(' ');
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch {
    // What can't be looked at is told by the check itself.
    return undefined;
  }
}
