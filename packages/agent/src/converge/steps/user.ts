import type { RunCommand } from '../command.js';
import type { RenderedUser } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { UserEntry } from './accounts.js';
import { findGroup, findUser, groupsOf } from './accounts.js';
import type { StepHandler, UndoContext } from './handler.js';
import { holds, mustRun } from './handler.js';

/** What undoing a user step needs. */
export interface UserUndo {
  readonly name: string;
  /** What the user was; null: there was none. */
  readonly before: Account | null;
  /** Id of the group with the user's name; null: there was none. Removing a user may remove that group. */
  readonly groupBefore: number | null;
}

/** What a step may change of a user, as options of usermod(8). */
interface Account {
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** Those that list the user as a member. */
  readonly groups: readonly string[];
}

const timeoutMs = 60_000;

/** A user exists. What the step doesn't name is left as it is. */
export const userHandler: StepHandler<RenderedUser, UserUndo> = {
  async check(step, context) {
    const found = await findUser(step.name, context.ask);
    if (found === undefined) {
      const id = step.uid === undefined ? '' : `, id ${step.uid}`;
      return { holds: false, difference: `new user ${step.name}${id}` };
    }
    if (step.uid !== undefined && step.uid !== found.uid) {
      throw new StepError(
        `user ${step.name} has the id ${found.uid}, not ${step.uid}: files would keep the old one`,
      );
    }
    const { told } = await changesTo(step, found, context.ask);
    return told.length === 0 ? holds : { holds: false, difference: `user ${step.name}: ${told.join(', ')}` };
  },

  async prepareUndo({ name }, { ask }) {
    const found = await findUser(name, ask);
    const { gid: groupBefore = null } = (await findGroup(name, ask)) ?? {};
    if (found === undefined) return { name, before: null, groupBefore };
    const { gid, home, shell } = found;
    return { name, before: { gid, home, shell, groups: await groupsOf(name, ask) }, groupBefore };
  },

  async apply(step, context) {
    const { name } = step;
    const found = await findUser(name, context.ask);
    if (found === undefined) {
      await mustRun(context.run, ['useradd', ...(await newOptions(step, context.ask)), name], { timeoutMs });
      return `user ${name} added`;
    }
    const { options } = await changesTo(step, found, context.ask);
    await mustRun(context.run, ['usermod', ...options, name], { timeoutMs });
    return `user ${name} changed`;
  },

  async undo({ name, before, groupBefore }, context) {
    const found = await findUser(name, context.ask);
    if (before !== null)
      return found === undefined ? `user ${name} is gone` : putBack(name, before, found, context);
    if (found !== undefined) await mustRun(context.run, ['userdel', name], { timeoutMs });
    if (groupBefore !== null && (await findGroup(name, context.ask)) === undefined) {
      await mustRun(context.run, ['groupadd', '--gid', String(groupBefore), name], { timeoutMs });
    }
    return found === undefined ? `user ${name} isn't there` : `user ${name} removed`;
  },
};

async function newOptions(step: RenderedUser, ask: RunCommand): Promise<readonly string[]> {
  const { name, uid, group, groups, home, shell = '/usr/sbin/nologin', system } = step;
  const primary = group ?? ((await findGroup(name, ask)) === undefined ? undefined : name);
  return [
    '--no-create-home',
    '--shell',
    shell,
    ...(primary === undefined ? ['--user-group'] : ['--gid', primary]),
    ...(system ? ['--system'] : []),
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    ...(home === undefined ? [] : ['--home-dir', home]),
    ...(groups.length === 0 ? [] : ['--groups', groups.join(',')]),
  ];
}

/** What of a user that is there differs: options for usermod(8), and the same for people. */
async function changesTo(
  step: RenderedUser,
  found: UserEntry,
  ask: RunCommand,
): Promise<{ readonly options: readonly string[]; readonly told: readonly string[] }> {
  const options: string[] = [];
  const told: string[] = [];
  const primary = await findGroup(found.gid, ask);
  if (step.group !== undefined && step.group !== primary?.name) {
    options.push('--gid', step.group);
    told.push(`group ${primary?.name ?? found.gid} -> ${step.group}`);
  }
  for (const field of ['home', 'shell'] as const) {
    const wanted = step[field];
    if (wanted === undefined || wanted === found[field]) continue;
    options.push(`--${field}`, wanted);
    told.push(`${field} ${found[field]} -> ${wanted}`);
  }
  const present = step.groups.length === 0 ? [] : await groupsOf(step.name, ask);
  const missing = step.groups.filter((group) => !present.includes(group) && group !== primary?.name);
  if (missing.length > 0) {
    options.push('--append', '--groups', missing.join(','));
    told.push(`member of ${missing.join(', ')}`);
  }
  return { options, told };
}

async function putBack(
  name: string,
  before: Account,
  found: UserEntry,
  context: UndoContext,
): Promise<string> {
  const groups = await groupsOf(name, context.ask);
  const options = [
    ...(found.gid === before.gid ? [] : ['--gid', String(before.gid)]),
    ...(found.home === before.home ? [] : ['--home', before.home]),
    ...(found.shell === before.shell ? [] : ['--shell', before.shell]),
    ...(groups.join() === before.groups.join() ? [] : ['--groups', before.groups.join(',')]),
  ];
  if (options.length === 0) return `user ${name} is as it was`;
  await mustRun(context.run, ['usermod', ...options, name], { timeoutMs });
  return `user ${name} put back`;
}
