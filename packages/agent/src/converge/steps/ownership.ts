import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RunCommand } from '../command.js';
import type { RenderedService } from '../render/rendered.js';
import { StepError } from '../step-error.js';

/** Ids of an owner and a group; -1, as in chown(2): whatever it is. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

/** Owner and group as a step names them. */
interface Names {
  readonly owner?: string;
  readonly group?: string;
}

/** Looks the names up the way the host does (files, LDAP, ...). A name that isn't known is a StepError. */
export async function lookUp(wanted: Names, ask: RunCommand): Promise<Ownership> {
  return {
    uid: wanted.owner === undefined ? -1 : await idOf('passwd', 'user', wanted.owner, ask),
    gid: wanted.group === undefined ? -1 : await idOf('group', 'group', wanted.group, ask),
  };
}

/** What a step will look up once the steps before it were applied. */
export interface ExpectedOwnership extends Ownership {
  /** Names that aren't known yet, and that a user or group step of the service brings; for people, empty for none. */
  readonly coming: string;
}

/** Like `lookUp`, for a time before the service's user and group steps were applied. */
export async function lookUpEarly(
  wanted: Names,
  context: { readonly ask: RunCommand; readonly service: Pick<RenderedService, 'steps'> },
): Promise<ExpectedOwnership> {
  const coming: string[] = [];
  const find = async (type: 'owner' | 'group'): Promise<number> => {
    const name = wanted[type];
    if (name === undefined) return -1;
    const [database, kind] = type === 'owner' ? (['passwd', 'user'] as const) : (['group', 'group'] as const);
    try {
      return await idOf(database, kind, name, context.ask);
    } catch (thrown) {
      if (!brings(context.service, type, name)) throw thrown;
      coming.push(`${type} -> ${name}`);
      return -1;
    }
  };
  return { uid: await find('owner'), gid: await find('group'), coming: coming.join(', ') };
}

/** A user brings a group of its name, unless it names another. */
function brings({ steps }: Pick<RenderedService, 'steps'>, type: 'owner' | 'group', name: string): boolean {
  return steps.some((step) => {
    if (step.type === 'user') return step.name === name && (type === 'owner' || step.group === undefined);
    return step.type === 'group' && type === 'group' && step.name === name;
  });
}

async function idOf(database: string, kind: string, name: string, ask: RunCommand): Promise<number> {
  const result = await ask(['getent', database, name], { timeoutMs: 10_000 });
  const id = Number(result.lines[0]?.split(':')[2]);
  if (result.code === 0 && Number.isInteger(id)) return id;
  throw new StepError(`there is no ${kind} "${name}" on this host`, result.missing ? result.lines : []);
}

/** What of mode and ownership differs, for people; empty: nothing. */
export function ownershipDifference(
  stat: Stats,
  mode: number,
  wanted: Ownership & Partial<ExpectedOwnership>,
): string {
  const differences: string[] = wanted.coming ? [wanted.coming] : [];
  const found = stat.mode & 0o7777;
  if (found !== mode) differences.push(`mode ${octal(found)} -> ${octal(mode)}`);
  if (wanted.uid !== -1 && stat.uid !== wanted.uid) differences.push(`owner ${stat.uid} -> ${wanted.uid}`);
  if (wanted.gid !== -1 && stat.gid !== wanted.gid) differences.push(`group ${stat.gid} -> ${wanted.gid}`);
  return differences.join(', ');
}

/**
 * Gives a directory its owner, then its mode (chown(2) may clear set-id bits). Whoever may write beside it could put a link in its place
 * meanwhile, and would be given what that leads to: so it is opened as what it is, and changed by its handle.
 */
export async function setOwnership(directory: string, mode: number, wanted: Ownership): Promise<void> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = await open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (wanted.uid !== -1 || wanted.gid !== -1) await handle.chown(wanted.uid, wanted.gid);
    await handle.chmod(mode);
  } finally {
    await handle.close();
  }
}

/** `0644` */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
