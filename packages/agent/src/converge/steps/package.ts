import type { CommandResult, RunCommand } from '../command.js';
import { failureOf } from '../command.js';
import type { RenderedPackage } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';

export interface PackageUndo {
  readonly name: string;
  /** Version that was installed before; null: none. */
  readonly before: string | null;
  /** Packages that installing brings anew, dependencies included. */
  readonly added: readonly string[];
}

const installTimeoutMs = 15 * 60_000;
const askTimeoutMs = 60_000;
/** English messages, nobody to ask, services' configuration files left as they are. */
const environment = {
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
};
const options = [
  '--yes',
  '--quiet',
  '--option=DPkg::Lock::Timeout=60',
  '--option=Dpkg::Options::=--force-confdef',
  '--option=Dpkg::Options::=--force-confold',
  '--option=Dpkg::Use-Pty=0',
];

/** A Debian package is installed (apt). */
export const packageHandler: StepHandler<RenderedPackage, PackageUndo> = {
  async check(step, context) {
    const installed = await installedVersion(step.name, context.ask);
    if (installed !== null && (step.version === undefined || step.version === installed)) return holds;
    const wanted = step.version ?? 'newest';
    return { holds: false, difference: `package ${step.name}: ${installed ?? 'not installed'} -> ${wanted}` };
  },

  async prepareUndo(step, context) {
    const before = await installedVersion(step.name, context.ask);
    const simulated = await context.ask(['apt-get', 'install', '--simulate', ...options, wordOf(step)], {
      timeoutMs: askTimeoutMs,
      environment,
    });
    return { name: step.name, before, added: addedPackages(simulated.lines, step.name, before) };
  },

  async apply(step, context) {
    const command = ['install', '--allow-downgrades', wordOf(step)];
    let result = await apt(command, context.run);
    if (result.code !== 0 && /Unable to locate package|was not found|404/.test(result.lines.join('\n'))) {
      context.output('the package lists may be out of date: apt-get update');
      await apt(['update'], context.run);
      result = await apt(command, context.run);
    }
    mustSucceed(result, step);
    return `package ${wordOf(step)} installed`;
  },

  async undo(undo, context) {
    if (undo.before === null) {
      const present: string[] = [];
      for (const name of undo.added) {
        if ((await installedVersion(name, context.ask)) !== null) present.push(name);
      }
      if (present.length === 0) return `package ${undo.name} isn't installed`;
      mustSucceed(await apt(['remove', ...present], context.run), { name: undo.name });
      return `package ${undo.name} removed`;
    }
    if ((await installedVersion(undo.name, context.ask)) === undo.before)
      return 'no other version was installed';
    const word = `${undo.name}=${undo.before}`;
    mustSucceed(await apt(['install', '--allow-downgrades', word], context.run), { name: undo.name });
    return `package ${word} installed again`;
  },
};

function wordOf(step: Pick<RenderedPackage, 'name' | 'version'>): string {
  return step.version === undefined ? step.name : `${step.name}=${step.version}`;
}

/** Installed version of a package; null: not installed. */
async function installedVersion(name: string, ask: RunCommand): Promise<string | null> {
  const query = ['dpkg-query', '--show', '--showformat', `\${db:Status-Status} \${Version}\\n`, name];
  const result = await ask(query, { timeoutMs: askTimeoutMs, environment });
  if (result.missing) {
    throw new StepError('package steps need Debian packages (apt); this host has none: unsupported');
  }
  const [status, version] = (result.lines.at(-1) ?? '').split(' ');
  return result.code === 0 && status === 'installed' && version !== undefined ? version : null;
}

/** Lines such as `Inst nginx (1.22 Debian [amd64])`; an upgrade has `[old version]` before the bracket. */
function addedPackages(lines: readonly string[], name: string, before: string | null): readonly string[] {
  const added = lines.flatMap((line) => /^Inst (\S+) \(/.exec(line)?.[1] ?? []);
  return added.length === 0 && before === null ? [name] : added;
}

/** Runs apt-get; finishes first what an interrupted dpkg left, if that is why it refuses. */
async function apt(command: readonly string[], run: RunCommand): Promise<CommandResult> {
  const once = () => run(['apt-get', ...options, ...command], { timeoutMs: installTimeoutMs, environment });
  const result = await once();
  if (result.code === 0 || !result.lines.some((line) => line.includes('dpkg was interrupted'))) return result;
  await run(['dpkg', '--force-confdef', '--force-confold', '--configure', '--pending'], {
    timeoutMs: installTimeoutMs,
    environment,
  });
  return once();
}

function mustSucceed(result: CommandResult, step: Pick<RenderedPackage, 'name' | 'version'>): void {
  const failure = failureOf('apt-get', result, installTimeoutMs);
  if (failure === undefined) return;
  throw new StepError(reasonOf(result.lines.join('\n'), step) ?? failure, result.lines);
}

function reasonOf(output: string, step: Pick<RenderedPackage, 'name' | 'version'>): string | undefined {
  if (/Unable to locate package|has no installation candidate/.test(output)) {
    return `package "${step.name}" isn't in this host's apt sources`;
  }
  if (/Version '.*' for '.*' was not found/.test(output)) {
    return `version ${step.version} of package "${step.name}" isn't in this host's apt sources`;
  }
  if (/Could not get lock|Unable to (acquire|lock)/.test(output)) {
    return "another process held apt's lock for more than 60 s";
  }
  return undefined;
}
