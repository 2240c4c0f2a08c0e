import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatProblems, type Logger, manifestHash, ShoalError } from '@shoal/common';
import type { Converger } from '../converge/converger.js';
import { fileEvent } from '../observe/tail/file-watch.js';
import { StandingProblem } from '../standing-problem.js';
import { compileLocal, type LocalSources } from './compile-local.js';
import { type LocalSecretsSources, readLocalSecrets } from './local-secrets.js';

/** What standalone mode needs. */
export interface StandaloneOptions extends Omit<LocalSources, 'revision' | 'secrets' | 'running'> {
  /** Where its secrets come from. Default: it has none. */
  readonly secrets?: LocalSecretsSources;
  readonly converger: Pick<Converger, 'offer' | 'report' | 'held'>;
  readonly logger: Logger;
  /** Longest time until a change of the file is seen, milliseconds. Default 2000. */
  readonly pollMs?: number;
  /** The file must have been left alone for that long before it is read, milliseconds. Default 200. */
  readonly settleMs?: number;
}

/** Converges the host to a local spec, now and whenever that file changes. A file that isn't right is logged, and what runs goes on. */
export class Standalone {
  /** Why the local spec can't be used, until it can. */
  readonly problem: StandingProblem = new StandingProblem();
  readonly #options: StandaloneOptions;
  readonly #abort = new AbortController();
  #revision = 0;
  #running: Promise<void> | undefined;

  constructor(options: StandaloneOptions) {
    this.#options = options;
  }

  start(): void {
    const { runningRevision, failedRevision } = this.#options.converger.report();
    this.#revision = Math.max(Number(runningRevision ?? 0), Number(failedRevision ?? 0));
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let seen = await this.#mark();
    await this.#converge(false);
    while (!signal.aborted) {
      // The directory: editors put a new file in the place of the old one.
      await fileEvent(dirname(this.#options.file), this.#options.pollMs ?? 2000, signal);
      let mark = await this.#mark();
      while (mark !== seen && !signal.aborted) {
        seen = mark;
        await fileEvent(undefined, this.#options.settleMs ?? 200, signal);
        mark = await this.#mark();
        if (mark === seen && !signal.aborted) await this.#converge(true);
      }
    }
  }

  /** What changes whenever the file does. */
  async #mark(): Promise<string> {
    const { file, secrets } = this.#options;
    const files = secrets === undefined ? [file] : [file, secrets.file];
    const marks = files.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeMs}`;
    });
    return (await Promise.all(marks)).join(', ');
  }

  async #secrets(): Promise<{ readonly secrets: NonNullable<LocalSources['secrets']> } | undefined> {
    const { secrets } = this.#options;
    if (secrets === undefined) return undefined;
    return { secrets: { file: secrets.file, values: await readLocalSecrets(secrets) } };
  }

  async #converge(changed: boolean): Promise<void> {
    const { converger, logger, file } = this.#options;
    try {
      const secrets = await this.#secrets();
      const revision = this.#revision + 1;
      const { blueprints, node } = this.#options;
      const { runningHash = '' } = converger.report();
      const running = converger.held(runningHash);
      const manifest = await compileLocal({ file, blueprints, node, ...secrets, revision, running });
      this.problem.clear();
      const hash = manifestHash(manifest);
      if (hash === runningHash) return;
      this.#revision += 1;
      logger.info({ file, revision: this.#revision }, 'converging to the local spec');
      // Whoever changes the file asks for another try, also of what failed before.
      converger.offer(manifest, hash, {
        retryFailed: changed,
        ...(secrets === undefined ? {} : { secrets: secrets.secrets.values }),
      });
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      this.problem.set('the local spec cannot be used; what runs goes on', error);
      logger.error(
        { code: error.code, problems: formatProblems(error), hint: error.hint },
        'the local spec cannot be used; what runs goes on',
      );
    }
  }
}
