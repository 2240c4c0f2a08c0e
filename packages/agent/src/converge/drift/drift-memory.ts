import { readFile } from 'node:fs/promises';
import { type Logger, writeFileAtomic } from '@shoal/common';
import type { StateFile } from '../state.js';
import type { KnownDrift } from './drift-ledger.js';

/** What drifted, as the file keeps it. */
interface KeptDrift {
  readonly format: 1;
  /** Content hash of the manifest from which it drifted. */
  readonly hash: string;
  readonly found: readonly KnownDrift[];
}

/** Keeps what drifted, and since when, over the agent's restarts: in a file of mode 0600, without secrets. */
export class DriftMemory {
  readonly #path: string;
  readonly #state: StateFile;
  readonly #logger: Logger;
  #written = '';
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, state: StateFile, logger: Logger) {
    this.#path = path;
    this.#state = state;
    this.#logger = logger;
  }

  /** What an earlier agent found of the manifest that is in force now. What can't be read is found again. */
  async load(): Promise<readonly KnownDrift[]> {
    try {
      this.#written = await readFile(this.#path, 'utf8');
      const { format, hash, found } = JSON.parse(this.#written) as KeptDrift;
      return format === 1 && hash === this.#state.current.running?.hash ? found : [];
    } catch {
      return [];
    }
  }

  /** Writes it down, when it is something else than before. Never rejects. */
  save(found: readonly KnownDrift[]): Promise<void> {
    const kept: KeptDrift = { format: 1, hash: this.#state.current.running?.hash ?? '', found };
    const text = JSON.stringify(kept);
    if (text !== this.#written && (found.length > 0 || this.#written !== '')) {
      this.#written = text;
      this.#writing = this.#writing.then(() => this.#write(text));
    }
    return this.#writing;
  }

  async #write(text: string): Promise<void> {
    try {
      await writeFileAtomic(this.#path, text, { mode: 0o600 });
    } catch (thrown) {
      this.#logger.warn({ err: thrown }, 'what drifted was not written down');
    }
  }
}
