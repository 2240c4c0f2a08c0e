import type { GatePolicy, Logger, Manifest } from '@shoal/common';
import type { AttemptBegin } from './attempt/journal.js';
import { confidentialServices, Journal } from './attempt/journal.js';
import type { Outcome } from './attempt/perform.js';
import { cleanUpAfter } from './attempt/perform.js';
import { StepFailed } from './attempt/step-failed.js';
import type { Discretion } from './discretion.js';
import type { ConvergePaths } from './paths.js';
import type { FactsChange } from './restart-turns.js';
import type { ConvergeState, StateFile } from './state.js';

/** A manifest that was offered and not begun yet. */
export interface PendingOffer {
  readonly manifest: Manifest;
  readonly hash: string;
  readonly retryFailed: boolean;
  readonly attempt: number;
  readonly gate?: GatePolicy;
}

export interface LoopOptions {
  readonly state: StateFile;
  readonly paths: ConvergePaths;
  readonly discretion: Discretion;
  readonly logger: Logger;
  readonly begin: (begin: Omit<AttemptBegin, 'id'>) => Promise<Outcome>;
  readonly resume: (journal: Journal) => Promise<Outcome>;
  /** Whether the manifest in force renders to something else now. Logs and says no when it doesn't render. */
  readonly rendersAnew: (manifest: Manifest) => Promise<FactsChange>;
  /** An attempt ended, or an offer turned out to ask for nothing. */
  readonly settled: (outcome: Outcome | undefined) => Promise<void>;
}

/** Does one thing at a time: the attempt that an earlier agent left, then the latest offer, then changed facts, then other jobs. */
export class ConvergeLoop {
  readonly #options: LoopOptions;
  #left: Journal | undefined;
  #offer: PendingOffer | undefined;
  #factsChanged = false;
  #jobs: (() => Promise<Outcome | undefined>)[] = [];
  #works = 0;
  #dealtWith = 0;
  #stopped = false;
  #working: Promise<void> | undefined;
  /** What is under way: the content hash that it leads to, and what tells it that another one is asked for. */
  #underWay: { readonly hash: string | undefined; readonly superseded: AbortController } | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Reads what an earlier agent left; `run` then goes on with it. */
  async open(): Promise<Journal | undefined> {
    const journal = await Journal.open(this.#options.paths.attempt, (begin) => ({
      discretion: this.#options.discretion,
      services: confidentialServices(begin.manifest, this.#options.state.current.services),
    }));
    if (journal === undefined) return undefined;
    if (journal.begin.id === this.#options.state.current.endedAttempt) {
      await cleanUpAfter(journal, this.#options.logger);
      return undefined;
    }
    this.#left = journal;
    return journal;
  }

  offer(offer: PendingOffer): void {
    this.#offer = offer;
    this.#supersede();
    this.run();
  }

  /** Aborts when another manifest is asked for than that of what is under way. */
  get superseded(): AbortSignal {
    this.#underWay ??= { hash: undefined, superseded: new AbortController() };
    return this.#underWay.superseded.signal;
  }

  /** What is under way needn't be waited for when the offer that comes next leads elsewhere, and will be acted upon. */
  #supersede(): void {
    const offer = this.#offer;
    const hash = this.#underWay?.hash;
    if (offer === undefined || hash === undefined || hash === offer.hash) return;
    if (isRefused(offer, this.#options.state.current.failed)) return;
    this.#underWay?.superseded.abort();
  }

  factsChanged(): void {
    this.#factsChanged = true;
    this.run();
  }

  /** Does it once all else is done. */
  enqueue(job: () => Promise<Outcome | undefined>): void {
    this.#jobs.push(job);
    this.run();
  }

  /** Number of the last offer that was dealt with; 0: none. */
  get dealtWith(): number {
    return this.#dealtWith;
  }

  /** Content hash of what is worked on next, whatever is now; undefined: nothing was left or offered. */
  get awaits(): string | undefined {
    return this.#offer?.hash ?? this.#left?.begin.hash;
  }

  /** Another number after each time that something was done; undefined while something is. */
  get quiet(): number | undefined {
    return this.#working === undefined ? this.#works : undefined;
  }

  /** Begins nothing any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
    await this.#left?.close();
  }

  /** Works until there is nothing left to do. */
  run(): void {
    if (this.#working !== undefined || this.#stopped) return;
    this.#works += 1;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#left || this.#offer || this.#factsChanged || this.#jobs.length > 0) this.run();
    });
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const next = this.#next();
      if (next === undefined) return;
      try {
        const outcome = await next();
        // What drifted is found again; members that came or went are not told of again.
        if (outcome?.kind === 'superseded') this.#factsChanged = true;
        await this.#options.settled(outcome);
      } catch (thrown) {
        this.#options.logger.error({ err: thrown }, 'converging failed for a reason of its own');
        await this.#settleAfter(thrown);
      } finally {
        this.#underWay = undefined;
      }
    }
  }

  /** Nothing is under way any more, whatever happened: what was drained takes requests again, and the report says so. */
  async #settleAfter(thrown: unknown): Promise<void> {
    const { failure } = StepFailed.of('', 'converge', thrown);
    try {
      await this.#options.settled({ kind: 'failed', failure: { ...failure, undone: false } });
    } catch (error) {
      this.#options.logger.error({ err: error }, 'what is in force is not looked after');
    }
  }

  #begins(hash: string | undefined): void {
    this.#underWay = { hash, superseded: new AbortController() };
    this.#supersede();
  }

  #next(): (() => Promise<Outcome | undefined>) | undefined {
    const left = this.#left;
    if (left !== undefined) {
      this.#left = undefined;
      this.#begins(left.begin.hash);
      return () => this.#options.resume(left);
    }
    const offer = this.#offer;
    if (offer !== undefined) {
      this.#offer = undefined;
      this.#begins(offer.hash);
      return () =>
        this.#take(offer).finally(() => {
          this.#dealtWith = offer.attempt;
        });
    }
    this.#begins(this.#options.state.current.running?.hash);
    if (!this.#factsChanged) return this.#jobs.shift();
    this.#factsChanged = false;
    return () => this.#renderAnew();
  }

  async #take({ manifest, hash, retryFailed, attempt, gate }: PendingOffer): Promise<Outcome | undefined> {
    const { state, begin } = this.#options;
    const { revision } = manifest;
    const { running, failed } = state.current;
    const isHalfUndone = failed !== null && !failed.failure.undone && attempt > (failed.attempt ?? 0);
    // What a failure left behind is mended by converging to what runs, when that is asked for anew.
    if (running?.hash === hash && !isHalfUndone) {
      // What failed before was put right by going back to what runs: it is no longer the last word.
      const outdated = failed !== null && failed.revision < revision;
      if (running.revision !== revision || outdated) {
        await state.update({ running: { hash, revision }, ...(outdated ? { failed: null } : {}) });
      }
      return undefined;
    }
    if (isRefused({ hash, retryFailed }, failed)) return undefined;
    const judged = gate === undefined ? {} : { gate };
    return begin({ purpose: 'manifest', hash, revision, attempt, manifest, ...judged });
  }

  async #renderAnew(): Promise<Outcome | undefined> {
    const { state, rendersAnew, begin } = this.#options;
    const { manifest, running } = state.current;
    if (manifest === null || running === null) return undefined;
    const { isDue, later } = await rendersAnew(manifest);
    return isDue ? begin({ purpose: 'facts', ...running, manifest, later }) : undefined;
  }
}

/** What failed here isn't tried again unasked. */
function isRefused(
  { hash, retryFailed }: Pick<PendingOffer, 'hash' | 'retryFailed'>,
  failed: ConvergeState['failed'],
): boolean {
  return failed?.hash === hash && !retryFailed;
}
