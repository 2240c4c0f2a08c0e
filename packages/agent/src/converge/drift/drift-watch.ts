import type { Drift, DriftPolicy, Logger } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import type { AttemptBegin } from '../attempt/journal.js';
import type { Outcome } from '../attempt/perform.js';
import type { Clock } from '../clock.js';
import type { RepairOutcome } from '../converger.js';
import type { RenderedService } from '../render/rendered.js';
import type { StepContext } from '../steps/handler.js';
import type { FoundDrift, StepName } from './drift-finder.js';
import { DriftFinder, keyOf } from './drift-finder.js';
import type { Standing } from './drift-ledger.js';
import { DriftLedger } from './drift-ledger.js';
import type { DriftMemory } from './drift-memory.js';

/** What looking for drift needs of the converger. */
export interface DriftWatchOptions {
  readonly intervalMs: number;
  readonly memory: Pick<DriftMemory, 'load' | 'save'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The services in force, as they were rendered when they were converged; those that aren't known so are left out. */
  readonly inForce: () => Promise<readonly RenderedService[]>;
  readonly policyOf: (service: string) => DriftPolicy;
  /** Whether these steps of one service may be repaired by policy now; if not, the next look asks again. */
  readonly mayRepair: (service: RenderedService, steps: readonly Standing[]) => boolean;
  /** `signal` ends what its commands run. */
  readonly contextOf: (service: RenderedService, signal: AbortSignal) => StepContext;
  /** Changes whenever an attempt begins or ends; undefined while one is under way. */
  readonly quiet: () => number | undefined;
  /** Does it when nothing else is under way, after what waits already. */
  readonly enqueue: (job: () => Promise<Outcome | undefined>) => void;
  /** Converges these steps again. */
  readonly converge: (steps: readonly StepName[]) => Promise<Outcome>;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
  /** What `report` says changed. */
  readonly changed: () => void;
}

/** Everything is checked that often, in milliseconds, whatever it hangs on: names may come from elsewhere than the host's files. */
const thoroughMs = 300_000;
/** What is found is looked at again after that time, in milliseconds, before it counts: editors and packages take a moment. */
const confirmMs = 2000;

/** Looks again and again whether what is in force holds, and has repaired what its policy says. */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #finder = new DriftFinder();
  readonly #ledger: DriftLedger;
  readonly #confirmMs: number;
  readonly #stopped = new AbortController();
  #thoroughAt = 0;
  #told = '[]';
  #looking: Promise<void> = Promise.resolve();
  #saved: Promise<void> = Promise.resolve();

  constructor(options: DriftWatchOptions) {
    this.#options = options;
    this.#confirmMs = Math.min(confirmMs, options.intervalMs);
    this.#ledger = new DriftLedger(this.#confirmMs);
  }

  /** Knows again what an earlier agent found. */
  async open(): Promise<void> {
    this.#ledger.restore(await this.#options.memory.load());
    this.#told = JSON.stringify(this.drifts());
  }

  /** Begins to look, at once for the first time. */
  start(): void {
    this.#looking = this.#run();
  }

  /** Looks no more. Resolves when nothing is written any more; what was told is on disk by then. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
    await this.#saved;
  }

  /** What drifted, for the report. */
  drifts(): Drift[] {
    return this.#ledger.report(this.#options.policyOf);
  }

  /** An attempt ended: what was found before may not be so any more. */
  attemptEnded(purpose: AttemptBegin['purpose'], outcome: Outcome): void {
    this.#finder.reset();
    if (purpose === 'manifest' && outcome.kind === 'done') this.#ledger.clear();
  }

  /** Puts back once what drifted of a service (empty: of all), asked for by an operator. */
  async repair(service: string): Promise<RepairOutcome> {
    let drifted: readonly FoundDrift[] = [];
    await this.#job(async () => {
      const services = await this.#options.inForce();
      if (service !== '' && !services.some(({ name }) => name === service)) {
        throw new ShoalError('failed_precondition', `no service "${service}" is in force on this node`);
      }
      const found = await this.#look(services, 'all');
      drifted = found.filter((drift) => service === '' || drift.service === service);
      return undefined;
    });
    const repaired: StepName[] = [];
    let failure: RepairOutcome['failure'] = null;
    for (const steps of byService(drifted)) {
      const outcome = await this.#job(() => this.#repair(steps, 'operator'));
      if (outcome?.kind === 'interrupted') throw new ShoalError('unavailable', 'the agent stops');
      if (outcome?.kind === 'superseded') {
        throw new ShoalError('unavailable', 'another manifest was asked for meanwhile');
      }
      if (outcome?.kind === 'failed') failure ??= outcome.failure;
      else repaired.push(...steps.map((drift) => ({ service: drift.service, step: drift.step })));
    }
    return { repaired, failure };
  }

  /** Resolves with what the job does once nothing else is under way. */
  #job(job: () => Promise<Outcome | undefined>): Promise<Outcome | undefined> {
    return new Promise((resolve, reject) => {
      this.#options.enqueue(async () => {
        try {
          const outcome = await job();
          resolve(outcome);
          return outcome;
        } catch (thrown) {
          reject(thrown);
          return undefined;
        }
      });
    });
  }

  async #run(): Promise<void> {
    const { clock, intervalMs, logger } = this.#options;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#once();
      } catch (thrown) {
        logger.warn({ err: thrown }, 'looking for drift failed');
      }
      const suspected = this.#ledger.suspected.length > 0;
      await clock.sleep(suspected ? this.#confirmMs : intervalMs, this.#stopped.signal);
    }
  }

  async #once(): Promise<void> {
    const { quiet, clock, inForce, policyOf, mayRepair } = this.#options;
    const before = quiet();
    if (before === undefined) return;
    const now = clock.now();
    const thorough = now - this.#thoroughAt >= thoroughMs;
    if (thorough) this.#thoroughAt = now;
    const suspected = new Set(this.#ledger.suspected.map(keyOf));
    const services = await inForce();
    const found = await this.#lookWith(services, thorough ? 'all' : suspected);
    // An attempt began meanwhile: what was seen may be its work. Or checks were cut off by the stop.
    if (quiet() !== before || this.#stopped.signal.aborted) return;
    this.#ledger.saw(found, clock.now());
    const due = this.#ledger.due(policyOf, clock.now());
    for (const steps of byService(due)) {
      const service = services.find(({ name }) => name === steps[0]?.service);
      if (service !== undefined && mayRepair(service, steps)) this.#repairDue(steps);
    }
    this.#tell();
  }

  #repairDue(due: readonly StepName[]): void {
    this.#options.enqueue(async () => {
      const wanted = new Set(due.map(keyOf));
      // It may have been put right since, by people or by an attempt.
      const found = await this.#look(await this.#options.inForce(), wanted);
      const steps = found.filter((drift) => wanted.has(keyOf(drift)));
      return this.#repair(steps, 'policy');
    });
  }

  async #repair(steps: readonly StepName[], by: 'policy' | 'operator'): Promise<Outcome | undefined> {
    const { logger, clock, converge } = this.#options;
    this.#ledger.repairing(steps);
    this.#tell();
    if (steps.length === 0) return undefined;
    const names = steps.map(keyOf);
    logger.info({ steps: names, by }, 'repairing what drifted');
    const outcome = await converge(steps);
    if (outcome.kind === 'done') this.#ledger.repaired(steps, by, clock.now());
    if (outcome.kind === 'failed') {
      logger.warn({ steps: names }, 'what drifted could not be repaired');
      const { service, step, message } = outcome.failure;
      this.#ledger.failed(steps, `${service}/${step}: ${message}`, clock.now());
    }
    this.#tell();
    return outcome;
  }

  async #look(
    services: readonly RenderedService[],
    surely: ReadonlySet<string> | 'all',
  ): Promise<readonly FoundDrift[]> {
    const found = await this.#lookWith(services, surely);
    this.#ledger.saw(found, this.#options.clock.now());
    return found;
  }

  /** What is found is without secrets from here on: what is cut later may end in the middle of one. */
  async #lookWith(
    services: readonly RenderedService[],
    surely: ReadonlySet<string> | 'all',
  ): Promise<readonly FoundDrift[]> {
    const { clock } = this.#options;
    const contextOf = (service: RenderedService): StepContext =>
      this.#options.contextOf(service, this.#stopped.signal);
    const found = await this.#finder.look(services, { contextOf, surely, now: () => clock.now() });
    return found.map((drift) => ({ ...drift, difference: this.#options.redact(drift.difference) }));
  }

  #tell(): void {
    this.#saved = this.#options.memory.save(this.#ledger.known);
    const told = JSON.stringify(this.drifts());
    if (told === this.#told || this.#stopped.signal.aborted) return;
    this.#told = told;
    this.#options.changed();
  }
}

/** Each service is repaired by itself: what fails in one is no matter of the others. */
function byService<S extends StepName>(steps: readonly S[]): readonly (readonly S[])[] {
  const services = [...new Set(steps.map(({ service }) => service))];
  return services.map((name) => steps.filter(({ service }) => service === name));
}
