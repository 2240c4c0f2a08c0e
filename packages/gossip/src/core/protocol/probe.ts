/** What became of the ping over TCP. `unanswered`: nothing came within the probe timeout. */
export type TcpOutcome = 'unused' | 'waiting' | 'unanswered' | 'failed' | 'refused';

/** What a failed probe says about its target. */
export interface ProbeReport {
  target: string;
  /** Helpers that did not reach it either. */
  nackedBy: readonly string[];
  /** Its host was there and refused the connection, and no helper that was asked got any answer. */
  refused: boolean;
}

/** How often one probe may wait anew because this process was late, before it is given up as saying nothing. */
const MAX_EXTENSIONS = 3;

/**
 * One probe of one node (SWIM section 3.1): a direct ping, then pings by helpers and over TCP. Holds what came of
 * each; times are ms on the host's clock.
 */
export class Probe {
  readonly target: string;
  /** Of the direct ping, and of the one over TCP. */
  readonly seqNo: number;
  readonly endsAt: number;
  stage: 'direct' | 'indirect' | 'over' = 'direct';
  tcp: TcpOutcome = 'unused';
  /** Helpers that can nack, and whether they did. */
  readonly #helpers = new Map<string, boolean>();
  #muteHelpers = 0;
  #extensions = 0;

  constructor(target: string, seqNo: number, endsAt: number) {
    this.target = target;
    this.seqNo = seqNo;
    this.endsAt = endsAt;
  }

  /** A helper was asked; old ones don't know how to nack. */
  asked(helper: string, canNack: boolean): void {
    if (canNack) this.#helpers.set(helper, false);
    else this.#muteHelpers++;
  }

  nacked(helper: string): void {
    if (this.#helpers.has(helper)) this.#helpers.set(helper, true);
  }

  get helpers(): number {
    return this.#helpers.size + this.#muteHelpers;
  }

  get nacksExpected(): number {
    return this.#helpers.size;
  }

  get nackedBy(): string[] {
    return [...this.#helpers].flatMap(([helper, nacked]) => (nacked ? [helper] : []));
  }

  get nacksMissing(): number {
    return this.#helpers.size - this.nackedBy.length;
  }

  /** Says whether all evidence is in, so that waiting for the end could only bring an answer that comes too late. */
  get complete(): boolean {
    if (this.stage !== 'indirect' || this.tcp === 'unused' || this.tcp === 'waiting') return false;
    if (this.#muteHelpers > 0 || this.nacksMissing > 0) return false;
    return this.#helpers.size > 0 || this.tcp === 'refused';
  }

  /** Says whether the probe may wait anew; to be asked each time that this process was late. */
  extend(): boolean {
    this.#extensions++;
    return this.#extensions <= MAX_EXTENSIONS;
  }

  /** What it says once it has failed. `alone`: there is nobody in the cluster who could have helped. */
  report(alone: boolean): ProbeReport {
    const unreached = this.#muteHelpers === 0 && this.nacksMissing === 0 && (alone || this.#helpers.size > 0);
    return { target: this.target, nackedBy: this.nackedBy, refused: this.tcp === 'refused' && unreached };
  }
}
