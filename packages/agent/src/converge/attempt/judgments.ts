import type { Clock } from '../clock.js';
import type { Journal } from './journal.js';

/** So long a preflight's judgment counts, in milliseconds: others may change the host meanwhile. */
const freshMs = 2000;

/**
 * Which files a preflight has just found good. While the attempt hasn't touched the host since, the program that judged them would say the same: it isn't asked
 * again before the first of them takes its place.
 */
export class Judgments {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #judgedAt = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** A service's steps, by id, whose files were judged good now. */
  good(service: string, steps: readonly string[]): void {
    for (const step of steps) this.#judgedAt.set(`${service}/${step}`, this.#clock.now());
  }

  /** Whether the step, which was begun, may go without being judged again. */
  isFresh(service: string, step: string, journal: Journal): boolean {
    const judgedAt = this.#judgedAt.get(`${service}/${step}`);
    if (judgedAt === undefined || this.#clock.now() - judgedAt > freshMs) return false;
    const isFirst = journal.begun().every((begun) => begun.service === service && begun.step === step);
    return isFirst && journal.removing().length === 0 && journal.timesResumed() === 0;
  }
}
