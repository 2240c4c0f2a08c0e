import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RunCommand } from '../command.js';
import { StepError } from '../step-error.js';

/** Ids of an owner and a group; -1, as in chown(2): whatever it is. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

/** Looks the names up the way the host does (files, LDAP, ...). A name that isn't known is a StepError. */
export async function lookUp(
  wanted: { readonly owner?: string; readonly group?: string },
  ask: RunCommand,
): Promise<Ownership> {
  return {
    uid: wanted.owner === undefined ? -1 : await idOf('passwd', 'user', wanted.owner, ask),
    gid: wanted.group === undefined ? -1 : await idOf('group', 'group', wanted.group, ask),
  };
}

async function idOf(database: string, kind: string, name: string, ask: RunCommand): Promise<number> {
  const result = await ask(['getent', database, name], { timeoutMs: 10_000 });
  const id = Number(result.lines[0]?.split(':')[2]);
  if (result.code === 0 && Number.isInteger(id)) return id;
  throw new StepError(`there is no ${kind} "${name}" on this host`, result.missing ? result.lines : []);
}

/** What of mode and ownership differs, for people; empty: nothing. */
export function ownershipDifference(stat: Stats, mode: number, wanted: Ownership): string {
  const differences: string[] = [];
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
