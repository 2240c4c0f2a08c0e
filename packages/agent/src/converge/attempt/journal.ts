import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GatePolicy, Manifest } from '@shoal/common';
import { diskError, redactTexts, syncDirectory, writeFileAtomic } from '@shoal/common';
import type { TrafficWindow } from '../../observe/traffic/window.js';
import type { ProcessIdentity } from '../../supervise/proc-stat.js';
import { type Discretion, openly } from '../discretion.js';
import type { RenderedStep } from '../render/rendered.js';
import type { Failure, ServiceInForce } from '../state.js';
import type { UndoRecord } from '../steps/index.js';

/** What an attempt is for. */
export interface AttemptBegin {
  /** Random. */
  readonly id: string;
  /** A manifest that was offered; or the one in force, rendered again because members or lease changed, or to put back what drifted. */
  readonly purpose: 'manifest' | 'facts' | 'repair';
  /** The steps to put back, by service, when that is the purpose. */
  readonly drifted?: Readonly<Record<string, readonly string[]>>;
  /** Services that stay as they are in force, since it isn't their turn to be restarted for changed members; absent: none. */
  readonly later?: readonly string[];
  readonly hash: string;
  readonly revision: number;
  /** As the offer numbered it; absent in what earlier versions wrote. */
  readonly attempt?: number;
  readonly manifest: Manifest;
  /** How traffic is judged after the change; absent: by the defaults. */
  readonly gate?: GatePolicy;
}

/** A step that was begun, with what undoes it. */
export interface BegunStep {
  readonly service: string;
  readonly step: string;
  readonly type: RenderedStep['type'];
  readonly undo: UndoRecord;
  /** `RenderedStep.timeoutMs` */
  readonly timeoutMs?: number;
}

/** A command that was started: an agent that comes after waits for its end. */
export interface NotedCommand extends ProcessIdentity {
  /** Milliseconds since the epoch; then it may be ended. */
  readonly deadline: number;
}

/** What of a journal is to be kept from being read. */
export interface JournalPrivacy {
  readonly discretion: Discretion;
  /** Services that have secrets, by the new manifest or in force. */
  readonly services: ReadonlySet<string>;
}

/** The services with secrets, by a manifest or in force. */
export function confidentialServices(
  manifest: Manifest,
  inForce: readonly ServiceInForce[],
): ReadonlySet<string> {
  return new Set([
    ...manifest.services.filter(({ secrets }) => secrets !== undefined).map(({ name }) => name),
    ...inForce.filter(({ confidential }) => confidential === true).map(({ name }) => name),
  ]);
}

const nothingPrivate: JournalPrivacy = { discretion: openly, services: new Set() };

type Entry =
  | ({ readonly kind: 'begin' } & BegunStep)
  | { readonly kind: 'undone'; readonly service: string; readonly step: string }
  | { readonly kind: 'removing'; readonly service: ServiceInForce }
  | { readonly kind: 'undoing'; readonly failure: Failure }
  | { readonly kind: 'draining' | 'undrained'; readonly service: string }
  | { readonly kind: 'traffic'; readonly service: string; readonly before: TrafficWindow }
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
  readonly #privacy: JournalPrivacy;
  /** A write failed, maybe in the midst of a line: the next entry begins a new one. */
  #torn = false;

  private constructor(
    begin: AttemptBegin,
    directory: string,
    file: FileHandle,
    entries: Entry[],
    privacy: JournalPrivacy,
  ) {
    this.#privacy = privacy;
    this.begin = begin;
    this.directory = directory;
    this.#file = file;
    this.#entries = entries;
  }

  /** Begins the journal of a new attempt; what an earlier one left in the directory is removed. */
  static async create(
    directory: string,
    begin: AttemptBegin,
    privacy: JournalPrivacy = nothingPrivate,
  ): Promise<Journal> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(join(directory, 'journal'), 'a', 0o600);
    await writeFileAtomic(join(directory, 'attempt.json'), JSON.stringify(begin));
    await syncDirectory(dirname(directory));
    return new Journal(begin, directory, file, [], privacy);
  }

  /** The journal that an earlier agent left; undefined when its last attempt ended. */
  static async open(
    directory: string,
    privacyOf: (begin: AttemptBegin) => JournalPrivacy = () => nothingPrivate,
  ): Promise<Journal | undefined> {
    const text = await readText(join(directory, 'attempt.json'));
    if (text === undefined) return undefined;
    const begin = JSON.parse(text) as AttemptBegin;
    const privacy = privacyOf(begin);
    const entries = parseEntries((await readText(join(directory, 'journal'))) ?? '', privacy.discretion);
    const file = await open(join(directory, 'journal'), 'a', 0o600);
    // Ends a torn last line, which is then passed over.
    await file.appendFile('\n');
    return new Journal(begin, directory, file, entries, privacy);
  }

  async append(given: Entry): Promise<void> {
    const entry = redactedFailure(given, this.#privacy.discretion);
    try {
      await this.#file.appendFile(`${this.#torn ? '\n' : ''}${lineOf(entry, this.#privacy)}\n`);
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

  /** Services that load balancers were told to send nothing to, and weren't told otherwise. */
  draining(): readonly string[] {
    const services = new Set<string>();
    for (const entry of this.#entries) {
      if (entry.kind === 'draining') services.add(entry.service);
      else if (entry.kind === 'undrained') services.delete(entry.service);
    }
    return [...services];
  }

  /** What a service's traffic was before it was changed; undefined: it isn't known. */
  trafficBefore(service: string): TrafficWindow | undefined {
    const traffic = this.#entries.filter((entry) => entry.kind === 'traffic');
    return traffic.find((entry) => entry.service === service)?.before;
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

/** An entry that others can't read. */
interface SealedEntry {
  readonly kind: 'sealed';
  readonly sealed: string;
}

function parseEntries(text: string, discretion: Discretion): Entry[] {
  return text.split('\n').flatMap((line) => {
    const entry = parseLine(line);
    if (entry?.kind !== 'sealed') return entry === undefined ? [] : [entry];
    // One that can't be opened is no torn line: what it would have undone must not be left out in silence.
    return [JSON.parse(discretion.open(entry.sealed, 'an entry of the journal')) as Entry];
  });
}

function parseLine(line: string): Entry | SealedEntry | undefined {
  try {
    return JSON.parse(line) as Entry | SealedEntry;
  } catch {
    return undefined;
  }
}

/** How a service is run, and what undoes a step of it, may hold its secrets. */
function lineOf(entry: Entry, { discretion, services }: JournalPrivacy): string {
  const line = JSON.stringify(entry);
  const isPrivate =
    entry.kind === 'begin'
      ? services.has(entry.service)
      : entry.kind === 'removing' && services.has(entry.service.name);
  if (!isPrivate) return line;
  const sealed: SealedEntry = { kind: 'sealed', sealed: discretion.seal(line) };
  return JSON.stringify(sealed);
}

function redactedFailure(entry: Entry, { redactor }: Discretion): Entry {
  return entry.kind === 'undoing' ? { ...entry, failure: redactTexts(entry.failure, redactor) } : entry;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
