/** What must hold in every run, by name. */
export type InvariantName =
  /** Nobody calls a node dead or gone that runs, is reachable and was left in peace. */
  | 'no-false-death'
  /** All who could know that a node crashed do know it in bounded time. */
  | 'death-known'
  /** Some time after the last fault, everybody's view is the truth, and stays it. */
  | 'views-converge'
  /** What one node has heard of another's incarnation never goes back while it is remembered. */
  | 'incarnation-grows'
  /** Nobody believes in an incarnation that its node never had. */
  | 'incarnation-real'
  /** Updates waiting to be passed on are no more than there are nodes to tell about. */
  | 'queue-bounded'
  /** A node that said goodbye is not reported as failed. */
  | 'left-not-failed'
  /** News from before a death doesn't bring the dead back. */
  | 'no-resurrection';

/** One breach of an invariant. */
export interface Violation {
  readonly invariant: InvariantName;
  /** Virtual ms. */
  readonly at: number;
  /** Who believed it; undefined if it is about the whole cluster. */
  readonly observer: string | undefined;
  /** About whom. */
  readonly subject: string | undefined;
  /** What was believed and what is true. */
  readonly text: string;
}

/** A violation in one line. */
export function formatViolation(violation: Violation): string {
  const { invariant, at, observer, subject, text } = violation;
  const who = [observer && `at ${observer}`, subject && `about ${subject}`].filter(Boolean).join(' ');
  return `${invariant} broken at ${(at / 1000).toFixed(3)} s${who && ` ${who}`}: ${text}`;
}
