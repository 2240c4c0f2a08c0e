import { formatProblems, type ShoalError } from '@shoal/common';

/** What keeps a part of the agent from its work until someone mends it; the status tells it for as long. */
export class StandingProblem {
  #text = '';

  /** In words, with what to do; empty: there is none. */
  get text(): string {
    return this.#text;
  }

  /** It stands; `what` failed for that reason. */
  set(what: string, error: ShoalError): void {
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    this.#text = `${what}: ${formatProblems(error).replaceAll('\n', '; ')}${hint}`;
  }

  /** It is mended. */
  clear(): void {
    this.#text = '';
  }
}
