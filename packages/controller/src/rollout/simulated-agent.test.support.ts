import type { Offer } from '@shoal/common';
import { decideOffer, type MeasuredState } from '../link/report.js';
import { failure } from './world.test.support.js';

/** What a simulated agent does with content: of every kind of trouble one. */
export type Behavior = 'converges' | 'fails' | 'fails-once' | 'lies-still' | 'vanishes';

export interface AgentOffer {
  readonly hash: string;
  readonly revision: number;
  readonly attempt: number;
  readonly retryFailed: boolean;
}

/** Hash of the content that troubles concern. */
export const newContent = 'h2';

/** One host with its agent, which outlives the controller. It works as the real one does: one thing at a time, the latest offer next. */
export class SimulatedAgent {
  readonly name: string;
  behavior: Behavior;
  running = 'h1';
  failed: MeasuredState['failed'] = null;
  dealtWith = 0;
  working: AgentOffer | null = null;
  pending: AgentOffer | null = null;
  /** Ticks until what is worked on is done. */
  left = 0;
  /** Ticks for which it is gone. */
  gone = 0;
  readonly #ticks: number;
  isGivenUp = false;
  /** How often it tried the new content. */
  tries = 0;
  /** Asked to try what failed here before, with no number above that of the failure. */
  unasked = 0;

  constructor(name: string, behavior: Behavior, ticks: number) {
    this.name = name;
    this.behavior = behavior;
    this.#ticks = ticks;
  }

  get isBusy(): boolean {
    return this.working !== null || this.pending !== null;
  }

  /** What it works on is given up for other content. */
  offered(offer: AgentOffer): void {
    this.pending = offer;
    const failedIt = this.failed?.hash === offer.hash && !offer.retryFailed;
    if (this.working === null || this.working.hash === offer.hash || failedIt) return;
    this.isGivenUp = true;
    this.left = 1;
  }

  report(): MeasuredState {
    return {
      runningHash: this.running,
      runningRevision: 1,
      failed: this.failed,
      state: this.isBusy ? 'converging' : 'idle',
      convergingHash: (this.pending ?? this.working)?.hash ?? '',
      attempt: this.dealtWith,
      services: [],
    };
  }

  /** A second passes. True when it has something new to report. */
  tick(): boolean {
    if (this.gone > 0) {
      this.gone -= 1;
      return false;
    }
    if (this.working === null) return this.#take();
    this.left -= 1;
    if (this.left > 0 || (this.behavior === 'lies-still' && this.working.hash === newContent)) return false;
    this.#end(this.working);
    return true;
  }

  #take(): boolean {
    const offer = this.pending;
    if (offer === null) return false;
    this.pending = null;
    const failedIt = this.failed?.hash === offer.hash;
    if (offer.hash === this.running || (failedIt && !offer.retryFailed)) {
      this.dealtWith = offer.attempt;
      return true;
    }
    if (failedIt && offer.attempt <= (this.failed?.attempt ?? 0)) this.unasked += 1;
    this.working = offer;
    this.isGivenUp = false;
    this.left = this.#ticks;
    if (offer.hash === newContent) this.tries += 1;
    if (this.behavior === 'vanishes' && offer.hash === newContent && this.tries === 1) this.gone = 15;
    return true;
  }

  #end(offer: AgentOffer): void {
    this.working = null;
    this.dealtWith = offer.attempt;
    if (this.isGivenUp) return;
    const fails = this.behavior === 'fails' || (this.behavior === 'fails-once' && this.tries === 1);
    if (fails && offer.hash === newContent) {
      const { hash, revision, attempt } = offer;
      this.failed = { hash, revision, attempt, failure };
      return;
    }
    this.running = offer.hash;
    if (this.failed?.hash === offer.hash) this.failed = null;
  }

  /** From now on it does what it is told. */
  heal(): void {
    this.gone = 0;
    if (this.behavior === 'lies-still') this.behavior = 'converges';
  }
}

/** The controller's end of one link: it decides about offers as the real one does. */
export class SimulatedLink {
  readonly agent: SimulatedAgent;
  measured: MeasuredState;
  #offered = '';
  offeredAttempt = 0;

  constructor(agent: SimulatedAgent) {
    this.agent = agent;
    this.measured = agent.report();
  }

  get isOutstanding(): boolean {
    return (this.measured.attempt ?? 0) < this.offeredAttempt;
  }

  reconcile(desired: { hash: string; revision: number; attempt: number }): Offer | undefined {
    const decision = decideOffer(desired, this.measured, this.isOutstanding);
    const key = JSON.stringify(desired);
    if (!decision.offer || key === this.#offered) return undefined;
    this.#offered = key;
    this.offeredAttempt = desired.attempt;
    const offer = { ...desired, retryFailed: decision.retryFailed };
    this.agent.offered(offer);
    return offer;
  }
}
