import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '@shoal/common';
import { diskError, syncDirectory, writeFileAtomic } from '@shoal/common';
import type { ProcessIdentity } from '../../supervise/proc-stat.js';
import type { RenderedStep } from '../render/rendered.js';
import type { Failure, ServiceInForce } from '../state.js';
import type { UndoRecord } from '../steps/index.js';

/** What an attempt is for. */
export interface AttemptBegin {
  /** Random. */
  readonly id: string;
  /** A manifest that was offered, or the one in force rendered again because members or lease changed. */
  readonly purpose: 'manifest' | 'facts';
  readonly hash: string;
  readonly revision: number;
  /** As the offer numbered it; absent in what earlier versions wrote. */
  readonly attempt?: number;
  readonly manifest: Manifest;
}

/** A step that was begun, with what undoes it. */
export interface BegunStep {
  readonly service: string;
  readonly step: string;
  readonly type: RenderedStep['type'];
  readonly undo: UndoRecord;
}

/** A command that was started: an agent that comes after waits for its end. */
export interface NotedCommand extends ProcessIdentity {
  /** Milliseconds since the epoch; then it may be ended. */
  readonly deadline: number;
}

type Entry =
  | ({ readonly kind: 'begin' } & BegunStep)
  | { readonly kind: 'undone'; readonly service: string; readonly step: string }
  | { readonly kind: 'removing'; readonly service: ServiceInForce }
  | { readonly kind: 'undoing'; readonly failure: Failure }
  | { readonly kind: 'resumed' }
  | ({ readonly kind: 'command' } & NotedCommand);

/**
 * What the attempt under way did to this host, on disk before it is done. Each entry is synced when `append` resolves; a torn
 * last line, from a power cut, is an entry that nothing was done for yet.
 */
export class Journal {
  readonly begin: AttemptBegin;
  readonly directory: string;
  readonly #file: FileHandle;
  readonly #entries: Entry[];
  /** A write failed, maybe in the midst of a line: the next entry begins a new one. */
  #torn = false;

  private constructor(begin: AttemptBegin, directory: string, file: FileHandle, entries: Entry[]) {
    this.begin = begin;
    this.directory = directory;
    this.#file = file;
    this.#entries = entries;
  }

  /** Begins the journal of a new attempt; what an earlier one left in the directory is removed. */
  static async create(directory: string, begin: AttemptBegin): Promise<Journal> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(join(directory, 'journal'), 'a', 0o600);
    await writeFileAtomic(join(directory, 'attempt.json'), JSON.stringify(begin));
    await syncDirectory(dirname(directory));
    return new Journal(begin, directory, file, []);
  }

  /** The journal that an earlier agent left; undefined when its last attempt ended. */
  static async open(directory: string): Promise<Journal | undefined> {
    const begin = await readText(join(directory, 'attempt.json'));
    if (begin === undefined) return undefined;
    const entries = parseEntries((await readText(join(directory, 'journal'))) ?? '');
    const file = await open(join(directory, 'journal'), 'a', 0o600);
    // Ends a torn last line, which is then passed over.
    await file.appendFile('\n');
    return new Journal(JSON.parse(begin) as AttemptBegin, directory, file, entries);
  }

  async append(entry: Entry): Promise<void> {
    try {
      await this.#file.appendFile(`${this.#torn ? '\n' : ''}${JSON.stringify(entry)}\n`);
      await this.#file.datasync();
      this.#torn = false;
    } catch (thrown) {
      this.#torn = true;
      throw diskError(thrown, join(this.directory, 'journal'));
    }
    this.#entries.push(entry);
  }

  /** Steps that were begun, in that order; each once, with what undoes the first begin. */
  begun(): readonly BegunStep[] {
    return this.#entries.filter((entry) => entry.kind === 'begin');
  }

  hasBegun(service: string, step?: string): boolean {
    return this.begun().some((entry) => entry.service === service && (step ?? entry.step) === entry.step);
  }

  wasUndone(begun: BegunStep): boolean {
    return this.#entries.some(
      (entry) => entry.kind === 'undone' && entry.service === begun.service && entry.step === begun.step,
    );
  }

  /** Services whose removal was begun. */
  removing(): readonly ServiceInForce[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'removing' ? [entry.service] : []));
  }

  /** Set once undoing began: from then on the attempt only goes back. */
  failure(): Failure | undefined {
    return this.#entries.find((entry) => entry.kind === 'undoing')?.failure;
  }

  timesResumed(): number {
    return this.#entries.filter((entry) => entry.kind === 'resumed').length;
  }

  lastCommand(): NotedCommand | undefined {
    return this.#entries.findLast((entry) => entry.kind === 'command');
  }

  /** The attempt is over and its outcome is in the state. `keepAs`: keeps the directory under another name, for people. */
  async end(keepAs?: string): Promise<void> {
    await this.close();
    if (keepAs !== undefined) {
      await rm(keepAs, { recursive: true, force: true });
      await rename(this.directory, keepAs);
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Leaves everything on disk for the next agent. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

function parseEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Entry];
    } catch {
      return [];
    }
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
