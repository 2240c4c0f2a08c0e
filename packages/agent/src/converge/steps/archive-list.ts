import type { RunCommand } from '../command.js';
import { failureOf } from '../command.js';
import type { RenderedArchive } from '../render/rendered.js';
import { StepError } from '../step-error.js';

/** What an archive says that it holds. */
export interface ArchiveContents {
  readonly entries: number;
  /** Of all files together. */
  readonly bytes: number;
}

/** One line of a listing. */
interface ArchiveEntry {
  /** As in `ls -l`: `-`, `d`, `l`; `h` for a further name of a file. */
  readonly kind: string;
  readonly bytes: number;
  readonly name: string;
}

const listTimeoutMs = 10 * 60_000;

/**
 * Reads an archive's list of contents, and refuses, with a StepError, one that holds too much, names outside of the directory, or anything but files,
 * directories and links. Nothing is unpacked.
 */
export async function listArchive(step: RenderedArchive, ask: RunCommand): Promise<ArchiveContents> {
  const { source, format, maxBytes, maxEntries } = step;
  const refused = new AbortController();
  const unread: string[] = [];
  let contents: ArchiveContents = { entries: 0, bytes: 0 };
  let problem: string | undefined;
  const onLine = (line: string) => {
    if (problem !== undefined) return;
    const entry = format === 'tar' ? parseTarLine(line) : parseZipLine(line);
    if (entry === undefined) {
      unread.push(line);
      return;
    }
    contents = { entries: contents.entries + 1, bytes: contents.bytes + entry.bytes };
    if (contents.entries > maxEntries)
      problem = `it has more than the ${maxEntries} entries that maxEntries allows`;
    else if (contents.bytes > maxBytes)
      problem = `it unpacks to more than the ${maxBytes} bytes that maxBytes allows`;
    else problem = faultOf(entry);
    if (problem !== undefined) refused.abort();
  };
  const command = listCommand(step);
  const result = await ask(command, { timeoutMs: listTimeoutMs, signal: refused.signal, onLine });
  if (problem !== undefined) throw new StepError(`${source} is refused: ${problem}`);
  needProgram(step, result.missing);
  const failure = failureOf(command[0] ?? '', result, listTimeoutMs);
  if (failure !== undefined) throw new StepError(`${source} can't be read: ${failure}`, unread);
  if (format === 'zip') needAll(contents.entries, unread, source);
  else if (unread.some((line) => !line.startsWith('tar: '))) {
    throw new StepError(`${source} can't be read: tar lists what isn't known here`, unread);
  }
  return contents;
}

function needProgram({ source, format }: RenderedArchive, missing: boolean): void {
  if (!missing) return;
  const hint = format === 'zip' ? ': a package step has to bring unzip first' : '';
  throw new StepError(
    `${source} can't be unpacked: ${format === 'zip' ? 'unzip' : 'tar'} isn't installed${hint}`,
  );
}

function listCommand({ source, format }: RenderedArchive): readonly string[] {
  if (format === 'zip') return ['unzip', '-Z', '-s', '-h', source];
  const quoted = ['--force-local', '--quoting-style=c', '--numeric-owner', '--full-time', '--absolute-names'];
  return ['tar', '--list', '--verbose', ...quoted, `--file=${source}`];
}

/** `-rw-r--r-- 0/0   3 2026-11-21 18:47:12 "a/b" -> "c"` */
export function parseTarLine(line: string): ArchiveEntry | undefined {
  const match = /^(\S)\S{9}\S? +\d+\/\d+ +(\d+)(?:,\d+)? +\S+ +\S+ "((?:[^"\\]|\\.)*)"(?: .*)?$/.exec(line);
  if (match === null) return undefined;
  const [, kind = '', bytes, name = ''] = match;
  return { kind, bytes: Number(bytes), name };
}

/** `-rw-r--r--  3.0 unx        3 tx stor 26-Nov-21 18:47 a/b` */
export function parseZipLine(line: string): ArchiveEntry | undefined {
  const match = /^(\S)\S{5,9} +\d+\.\d+ \S+ +(\d+) \S+ +\S+ \S+ \S+ (.*)$/.exec(line);
  if (match === null) return undefined;
  const [, kind = '', bytes, name = ''] = match;
  return { kind, bytes: Number(bytes), name };
}

function faultOf({ kind, name }: ArchiveEntry): string | undefined {
  if (!['-', 'd', 'l', 'h'].includes(kind)) return `${name} is neither a file nor a directory nor a link`;
  if (name.startsWith('/')) return `${name} is an absolute path`;
  return name.split(/[/\\]/).includes('..') ? `${name} leads out of the directory` : undefined;
}

/** unzip says how many entries there are: each has to have been understood. */
function needAll(entries: number, lines: readonly string[], source: string): void {
  const said = /number of entries: (\d+)/.exec(lines.join('\n'))?.[1];
  if (Number(said) === entries) return;
  throw new StepError(`${source} can't be read: unzip lists what isn't known here`, lines);
}
