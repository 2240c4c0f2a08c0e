import type { RunCommand } from '../command.js';
import type { RenderedPackage } from '../render/rendered.js';
import type { AptResult } from './apt.js';
import { apt, aptOptions, aptEnvironment as environment, mustSucceed, needsUpdate } from './apt.js';
import { waitForApt } from './apt-lock.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import { installedVersion } from './installed-version.js';

export interface PackageUndo {
  readonly name: string;
  /** Version that was installed before; null: none. */
  readonly before: string | null;
  /** Packages that installing brings anew, dependencies included. */
  readonly added: readonly string[];
}

const askTimeoutMs = 60_000;

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
    let simulated = await simulate(step, context.ask);
    if (needsUpdate(simulated)) {
      context.output('the package lists may be out of date: apt-get update');
      await waitForApt(context);
      await apt(['update'], context.run);
      simulated = await simulate(step, context.ask);
    }
    return { name: step.name, before, added: addedPackages(simulated.lines, step.name, before) };
  },

  async apply(step, context) {
    // What else would have to go couldn't be put back.
    const command = ['install', '--allow-downgrades', '--no-remove', wordOf(step)];
    await waitForApt(context);
    let result = await apt(command, context.run);
    let update: AptResult | undefined;
    if (needsUpdate(result)) {
      context.output('the package lists may be out of date: apt-get update');
      update = await apt(['update'], context.run);
      result = await apt(command, context.run);
    }
    mustSucceed(result, step, update);
    return `package ${wordOf(step)} installed`;
  },

  async undo(undo, context) {
    if (undo.before === null) {
      const present: string[] = [];
      for (const name of undo.added) {
        if ((await installedVersion(name, context.ask)) !== null) present.push(name);
      }
      if (present.length === 0) return `package ${undo.name} isn't installed`;
      await waitForApt(context);
      mustSucceed(await apt(['remove', ...present], context.run), undo);
      return `package ${undo.name} removed`;
    }
    if ((await installedVersion(undo.name, context.ask)) === undo.before)
      return 'no other version was installed';
    const word = `${undo.name}=${undo.before}`;
    await waitForApt(context);
    mustSucceed(await apt(['install', '--allow-downgrades', word], context.run), undo);
    return `package ${word} installed again`;
  },
};

function wordOf(step: Pick<RenderedPackage, 'name' | 'version'>): string {
  return step.version === undefined ? step.name : `${step.name}=${step.version}`;
}

/** What installing would do, all lines of it. */
async function simulate(step: RenderedPackage, ask: RunCommand): Promise<AptResult> {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const command = ['apt-get', 'install', '--simulate', ...aptOptions, wordOf(step)];
  return { ...(await ask(command, { timeoutMs: askTimeoutMs, environment, onLine })), lines };
}

/** Lines such as `Inst nginx (1.22 Debian [amd64])`; an upgrade has `[old version]` before the bracket. */
function addedPackages(lines: readonly string[], name: string, before: string | null): readonly string[] {
  const added = lines.flatMap((line) => /^Inst (\S+) \(/.exec(line)?.[1] ?? []);
  return added.length === 0 && before === null ? [name] : added;
}
