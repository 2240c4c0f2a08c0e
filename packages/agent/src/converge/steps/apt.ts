import type { CommandResult, RunCommand } from '../command.js';
import { failureOf } from '../command.js';
import type { RenderedPackage } from '../render/rendered.js';
import { StepError } from '../step-error.js';

/** How apt-get ended. */
export type AptResult = CommandResult;

type Wanted = Pick<RenderedPackage, 'name' | 'version'>;

/** The step's own timeout is shorter, but where a blueprint says otherwise. */
const timeoutMs = 60 * 60_000;

/** English messages, nobody to ask, services' configuration files left as they are. */
export const aptEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
};

/** Options of every apt-get. Its own waiting for a lock is for whoever takes it in just this moment. */
export const aptOptions: readonly string[] = [
  '--yes',
  '--quiet',
  '--option=DPkg::Lock::Timeout=10',
  '--option=Dpkg::Options::=--force-confdef',
  '--option=Dpkg::Options::=--force-confold',
  '--option=Dpkg::Use-Pty=0',
];

/** Runs apt-get; finishes first what an interrupted dpkg left, if that is why it refuses. */
export async function apt(command: readonly string[], run: RunCommand): Promise<AptResult> {
  const options = { timeoutMs, environment: aptEnvironment };
  const once = () => run(['apt-get', ...aptOptions, ...command], options);
  const result = await once();
  if (result.code === 0 || !result.lines.some((line) => line.includes('dpkg was interrupted'))) return result;
  await run(['dpkg', '--force-confdef', '--force-confold', '--configure', '--pending'], options);
  return once();
}

/** Whether newer package lists may help. */
export function needsUpdate(result: AptResult): boolean {
  return result.code !== 0 && /Unable to locate package|was not found|404/.test(result.lines.join('\n'));
}

/** Throws a StepError that says why apt-get failed. `update`: how an `apt-get update` just before ended. */
export function mustSucceed(result: AptResult, wanted: Wanted, update?: AptResult): void {
  if (result.missing) throw new StepError('package steps need apt, and this host has none: unsupported');
  const failure = failureOf('apt-get', result, timeoutMs);
  if (failure === undefined) return;
  const reason = reasonOf(result.lines.join('\n'), wanted, update?.lines.join('\n') ?? '');
  throw new StepError(reason ?? `package ${wanted.name}: ${failure}`, result.lines);
}

/** What apt says when the servers can't be reached; a 404 is an answer. */
const noNetwork =
  /failure resolving|Could not resolve|Could not connect|Unable to connect|Connection (timed out|failed|refused)|Network is unreachable|No route to host/;

function reasonOf(output: string, { name, version }: Wanted, updating: string): string | undefined {
  if (/No space left on device|don't have enough free space/.test(output)) {
    return `no space left on the disk for package "${name}"`;
  }
  const [, process = '', program] = /held by process (\d+)(?: \((.+?)\))?/.exec(output) ?? [];
  if (/Could not get lock|Unable to (acquire|lock)/.test(output)) {
    const holder =
      process === '' ? 'another process' : `${program ?? 'another program'} (process ${process})`;
    return `apt is in use by ${holder}`;
  }
  const unreachable = noNetwork.test(updating)
    ? ", and the package servers can't be reached for newer lists"
    : '';
  if (/Unable to locate package|has no installation candidate/.test(output)) {
    return `package "${name}" isn't in this host's apt sources${unreachable}`;
  }
  if (/Version '.*' for '.*' was not found/.test(output)) {
    return `version ${version} of package "${name}" isn't in this host's apt sources${unreachable}`;
  }
  if (noNetwork.test(output)) return `package "${name}": the package servers can't be reached`;
  if (/Packages need to be removed/.test(output)) {
    return `package "${name}" would remove others, which couldn't be undone`;
  }
  return undefined;
}
