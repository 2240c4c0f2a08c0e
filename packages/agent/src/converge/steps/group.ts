import type { RenderedGroup } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { findGroup } from './accounts.js';
import type { StepHandler } from './handler.js';
import { holds, mustRun } from './handler.js';

/** What undoing a group step needs. */
export interface GroupUndo {
  readonly name: string;
  /** There was such a group before: it stays. */
  readonly existed: boolean;
}

const timeoutMs = 60_000;

/** A group exists. */
export const groupHandler: StepHandler<RenderedGroup, GroupUndo> = {
  async check({ name, gid }, context) {
    const found = await findGroup(name, context.ask);
    if (found !== undefined) {
      if (gid === undefined || gid === found.gid) return holds;
      throw new StepError(`group ${name} has the id ${found.gid}, not ${gid}: files would keep the old one`);
    }
    const holder = gid === undefined ? undefined : await findGroup(gid, context.ask);
    if (holder !== undefined)
      throw new StepError(`the id ${gid} for group ${name} is that of ${holder.name}`);
    return { holds: false, difference: `new group ${name}${gid === undefined ? '' : `, id ${gid}`}` };
  },

  async prepareUndo({ name }, context) {
    return { name, existed: (await findGroup(name, context.ask)) !== undefined };
  },

  async apply({ name, gid, system }, context) {
    const id = gid === undefined ? [] : ['--gid', String(gid)];
    await mustRun(context.run, ['groupadd', ...(system ? ['--system'] : []), ...id, name], { timeoutMs });
    return `group ${name} added`;
  },

  async undo({ name, existed }, context) {
    if (existed) return `group ${name} was there before`;
    if ((await findGroup(name, context.ask)) === undefined) return `group ${name} isn't there`;
    await mustRun(context.run, ['groupdel', name], { timeoutMs });
    return `group ${name} removed`;
  },
};
