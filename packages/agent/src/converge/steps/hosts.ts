import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@shoal/common';
import type { RenderedHosts } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import { contradiction, formatLine, markedLine, withLine } from './hosts-file.js';
import { stagedPath } from './replace.js';
import { writeStaged } from './write-staged.js';

/** What undoing a hosts step needs. */
export interface HostsUndo {
  readonly marker: string;
  /** The line that was there; null: none. */
  readonly line: string | null;
  /** The file's last line had no end, which adding one gave it. */
  readonly open: boolean;
  /** There was no file. */
  readonly absent: boolean;
}

const hostsPath = '/etc/hosts';
/** A larger file is none that a step should rewrite. */
const mostBytes = 4 * 1024 * 1024;

/** One line of /etc/hosts gives an address its names. */
export const hostsHandler: StepHandler<RenderedHosts, HostsUndo> = {
  async check(step) {
    const text = await readHosts();
    const found = contradiction(text ?? '', step, step.marker);
    if (found !== undefined) throw new StepError(`${hostsPath} contradicts: ${found}`);
    const wanted = formatLine(step, step.marker);
    const line = markedLine(text ?? '', step.marker);
    if (line === wanted) return holds;
    const removed = line === undefined ? '' : `-${line}\n`;
    return { holds: false, difference: `${hostsPath}\n${removed}+${wanted}` };
  },

  async prepareUndo({ marker }) {
    const text = await readHosts();
    const open = text !== undefined && text !== '' && !text.endsWith('\n');
    return { marker, line: markedLine(text ?? '', marker) ?? null, open, absent: text === undefined };
  },

  async apply(step) {
    await writeHosts(withLine((await readHosts()) ?? '', step.marker, formatLine(step, step.marker)));
    return `${hostsPath}: ${step.names.join(', ')} is ${step.address}`;
  },

  async undo({ marker, line, open, absent }) {
    await rm(stagedPath(hostsPath), { force: true });
    const text = await readHosts();
    if (text === undefined) return `there is no ${hostsPath}`;
    if (line === (markedLine(text, marker) ?? null)) return `${hostsPath} is as it was`;
    const without = withLine(text, marker, line);
    if (absent && without === '') await rm(hostsPath, { force: true });
    else await writeHosts(open && line === null ? without.replace(/\n$/, '') : without);
    return line === null ? `the line of ${hostsPath} removed` : `the line of ${hostsPath} put back`;
  },
};

async function readHosts(): Promise<string | undefined> {
  const stat = await statOf(hostsPath);
  if (stat === undefined) return undefined;
  if (stat.size > mostBytes) throw new StepError(`${hostsPath} is larger than ${mostBytes} bytes`);
  return readFile(hostsPath, 'utf8');
}

async function writeHosts(text: string): Promise<void> {
  const stat = await statOf(hostsPath);
  // Where it is a link, as on some systems, the file that it leads to is the one to keep.
  const path = stat === undefined ? hostsPath : await realpath(hostsPath);
  const { mode, uid, gid } = (await statOf(path)) ?? { mode: 0o644, uid: -1, gid: -1 };
  const staged = stagedPath(path);
  try {
    await writeStaged(staged, text, { mode: mode & 0o777, owner: { uid, gid } });
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } catch (thrown) {
    // A container's hosts file is mounted by itself: nothing can take its place, it can only be written to.
    if ((thrown as NodeJS.ErrnoException).code !== 'EBUSY') throw thrown;
    await rm(staged, { force: true });
    await writeFile(path, text);
  }
}
