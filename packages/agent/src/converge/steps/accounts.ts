import type { RunCommand } from '../command.js';
import { StepError } from '../step-error.js';

/** A line of the host's group database. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** A line of the host's user database. */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

const askTimeoutMs = 20_000;
/** What getent(1) exits with when there is no such entry. */
const noEntry = 2;

/** The group of that name, or id; undefined: there is none. Looked up the way the host does (files, LDAP, ...). */
export async function findGroup(group: string | number, ask: RunCommand): Promise<GroupEntry | undefined> {
  return (await entries('group', ask, String(group))).map(parseGroup)[0];
}

/** The user of that name; undefined: there is none. */
export async function findUser(name: string, ask: RunCommand): Promise<UserEntry | undefined> {
  const [fields] = await entries('passwd', ask, name);
  if (fields === undefined) return undefined;
  const [found = '', , uid, gid, , home = '', shell = ''] = fields;
  return { name: found, uid: Number(uid), gid: Number(gid), home, shell };
}

/** Names of the groups that list the user as a member, sorted. */
export async function groupsOf(user: string, ask: RunCommand): Promise<readonly string[]> {
  const groups = (await entries('group', ask)).map(parseGroup);
  return groups
    .filter(({ members }) => members.includes(user))
    .flatMap(({ name }) => [name])
    .sort();
}

function parseGroup([name = '', , gid, members = '']: readonly string[]): GroupEntry {
  return { name, gid: Number(gid), members: members.split(',').filter(Boolean) };
}

async function entries(
  database: 'passwd' | 'group',
  ask: RunCommand,
  ...keys: readonly string[]
): Promise<string[][]> {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const result = await ask(['getent', database, ...keys], { timeoutMs: askTimeoutMs, onLine });
  if (result.code === noEntry) return [];
  if (result.code !== 0) throw new StepError(`the ${database} database can't be read (getent)`, result.lines);
  return lines.map((line) => line.split(':'));
}
