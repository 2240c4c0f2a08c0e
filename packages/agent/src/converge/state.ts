import { readFile } from 'node:fs/promises';
import type { LogSource, Manifest, MemberView, MetricSource, TemplateMember } from '@shoal/common';
import { redactTexts, ShoalError, writeFileAtomic } from '@shoal/common';
import type { ProcessSpec } from '../supervise/supervisor.js';
import { type Discretion, openly } from './discretion.js';
import type { RenderedDrain, RenderedHealth } from './render/rendered.js';

/** Path of a file that asks something of the process, to what its content was. */
export type NotifyingFiles = Readonly<
  Record<string, { readonly digest: string; readonly notify: 'reload' | 'restart' }>
>;

/** What a process was started or last reloaded with. */
export interface Applied {
  /** Digest of how the process is run: unit, or command and environment. */
  readonly definition: string;
  readonly files: NotifyingFiles;
}

/** A service that is in force on this host: what is needed to supervise, observe and restore it. */
export interface ServiceInForce {
  readonly name: string;
  /** `RenderedService.digest` */
  readonly digest: string;
  /** False: the blueprint has no service step, so there is no process. */
  readonly supervised: boolean;
  /** It has secrets: how it is run may hold them, so it is sealed on disk. */
  readonly confidential?: boolean;
  readonly process: ProcessSpec;
  readonly files: NotifyingFiles;
  /** systemd units that its unit steps enabled or started. */
  readonly units: readonly string[];
  readonly health: RenderedHealth | null;
  readonly drain?: RenderedDrain;
  readonly logs: readonly LogSource[];
  readonly metrics: readonly MetricSource[];
}

export interface Failure {
  readonly service: string;
  readonly step: string;
  readonly message: string;
  readonly output: string;
  readonly undone: boolean;
  /** It failed before anything was changed. */
  readonly untouched?: boolean;
  /** It was given up because another manifest was asked for. */
  readonly superseded?: boolean;
}

/** What the converger knows of this host; the file is replaced as a whole, so it is always true in itself. */
export interface ConvergeState {
  readonly format: 1;
  readonly running: { readonly hash: string; readonly revision: number } | null;
  readonly failed: {
    readonly hash: string;
    readonly revision: number;
    /** As the offer numbered it; absent in what earlier versions wrote. */
    readonly attempt?: number;
    readonly failure: Failure;
  } | null;
  /** The manifest in force; rendered again when membership changes. */
  readonly manifest: Manifest | null;
  readonly services: readonly ServiceInForce[];
  /** Service name to what its process was last started or reloaded with. */
  readonly applied: Readonly<Record<string, Applied>>;
  /** The members that were last rendered: what templates get until the gossip knows more. */
  readonly members: readonly MemberView[];
  /** Service to the pool that a template got when it asked who serves it: what it gets when nobody does. */
  readonly pools: Readonly<Record<string, readonly TemplateMember[]>>;
  /** Service to the number of its nodes that templates got last. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Services that an operator wants drained, `*` for all: what the controller said last. */
  readonly drained: readonly string[];
  /** Id of the attempt whose outcome this state holds: what is left of it on disk is only to be removed. */
  readonly endedAttempt: string;
}

const nothing: ConvergeState = {
  format: 1,
  running: null,
  failed: null,
  manifest: null,
  services: [],
  applied: {},
  members: [],
  pools: {},
  sizes: {},
  drained: [],
  endedAttempt: '',
};

/** How a service with secrets stands in the file. */
interface SealedService {
  readonly name: string;
  readonly sealed: string;
}

/** The state as it stands in the file. */
type StoredState = Omit<ConvergeState, 'services'> & {
  readonly services: readonly (ServiceInForce | SealedService)[];
};

/** Keeps the state in memory and, changed, on disk (mode 0600), what may hold secrets sealed. */
export class StateFile {
  readonly #path: string;
  readonly #discretion: Discretion;
  #state: ConvergeState = nothing;

  constructor(path: string, discretion: Discretion = openly) {
    this.#path = path;
    this.#discretion = discretion;
  }

  get current(): ConvergeState {
    return this.#state;
  }

  async load(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw thrown;
    }
    this.#state = this.#open(parseState(text, this.#path));
  }

  /** Durable when it resolves. On failure the old state stands, in memory too. */
  async update(change: Partial<Omit<ConvergeState, 'format'>>): Promise<void> {
    const next = { ...this.#state, ...redactedFailure(change, this.#discretion) };
    await writeFileAtomic(this.#path, JSON.stringify(this.#sealed(next)), { mode: 0o600 });
    this.#state = next;
  }

  /**
   * Like `update`, for what is true whether it can be written or not: it stands in memory in any case. Resolves with the
   * error when the disk refused.
   */
  async remember(change: Partial<Omit<ConvergeState, 'format'>>): Promise<Error | undefined> {
    try {
      await this.update(change);
      return undefined;
    } catch (thrown) {
      this.#state = { ...this.#state, ...redactedFailure(change, this.#discretion) };
      return ShoalError.from(thrown);
    }
  }

  #sealed(state: ConvergeState): StoredState {
    const services = state.services.map((service) =>
      service.confidential === true
        ? { name: service.name, sealed: this.#discretion.seal(JSON.stringify(service)) }
        : service,
    );
    return { ...state, services };
  }

  #open(stored: StoredState): ConvergeState {
    const services = stored.services.map((service) => {
      if (!('sealed' in service)) return service;
      const what = `service "${service.name}" in ${this.#path}`;
      return JSON.parse(this.#discretion.open(service.sealed, what)) as ServiceInForce;
    });
    return { ...stored, services };
  }
}

function redactedFailure(
  change: Partial<Omit<ConvergeState, 'format'>>,
  { redactor }: Discretion,
): Partial<Omit<ConvergeState, 'format'>> {
  return change.failed == null ? change : { ...change, failed: redactTexts(change.failed, redactor) };
}

function parseState(text: string, path: string): StoredState {
  try {
    const state = JSON.parse(text) as StoredState;
    if (state.format === 1) return { ...nothing, ...state };
  } catch {
    // Falls through: the same to the reader as a format of the future.
  }
  throw new ShoalError('failed_precondition', `${path} isn't a state of this version of Shoal`, {
    hint: 'restore it from a backup, or remove it: the agent then converges from what the controller says',
  });
}
