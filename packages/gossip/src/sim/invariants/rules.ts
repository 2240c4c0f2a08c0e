import type { GossipEvent, MemberChange } from '../../core/index.js';
import type { Told } from './beliefs.js';
import { Belief } from './beliefs.js';
import type { Bounds } from './bounds.js';
import type { Fate, Truth } from './truth.js';
import type { InvariantName } from './violation.js';

/** What a node told its host about another node. */
export type MemberEvent = Extract<GossipEvent, { kind: 'member' }>;

/** One thing told, and all that is needed to judge it. */
export interface Telling {
  readonly now: number;
  readonly truth: Truth;
  readonly bounds: Bounds;
  /** How long the dead are remembered by the protocol, ms. */
  readonly retentionMs: number;
  readonly change: MemberChange;
  readonly incarnation: number;
  readonly observer: Fate;
  readonly subject: Fate;
  /** Who brought it up, if that is a node of this world. */
  readonly source: Fate | undefined;
  /** What the observer had told about the subject before. */
  readonly before: Told;
}

/** An invariant that is judged by what nodes tell: says what is wrong, or nothing. */
export interface Rule {
  readonly name: InvariantName;
  check(telling: Telling): string | undefined;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;

const wasGone = (before: Told): boolean => before.belief === Belief.dead || before.belief === Belief.left;

/** Clocks of nodes run apart by some percent at most. */
const CLOCK_TOLERANCE = 0.95;

/** The dead are forgotten by the protocol after the retention, and then anything may be new. */
function isForgotten({ before, now, retentionMs }: Telling): boolean {
  return wasGone(before) && now - before.since >= CLOCK_TOLERANCE * retentionMs;
}

function falseDeath(telling: Telling): string | undefined {
  const { change, truth, subject, observer, source, now, bounds } = telling;
  if (change === 'leave' && subject.everLeavingAt === undefined)
    return 'told as left, but never said goodbye';
  if ((change !== 'fail' && change !== 'leave') || !truth.isMember(subject)) return undefined;
  if (!truth.calm(now - bounds.graceMs, subject, observer, ...(source ? [source] : []))) return undefined;
  const accuser = source ? `, accused by ${source.name}` : '';
  return `told as ${change === 'fail' ? 'dead' : 'left'} at incarnation ${telling.incarnation}${accuser}, but it runs, and no fault was at work on either for ${seconds(bounds.graceMs)}`;
}

function leftNotFailed(telling: Telling): string | undefined {
  const { change, before, subject, observer, truth, bounds } = telling;
  if (change !== 'fail') return undefined;
  if (before.belief === Belief.left)
    return 'told as failed although it had been told as left, with no join between';
  const { leftAt } = subject;
  if (leftAt === undefined || !truth.calm(leftAt - bounds.graceMs, subject, observer)) return undefined;
  return `told as failed, but it had said goodbye by ${seconds(leftAt)} in a calm network`;
}

function incarnationGrows(telling: Telling): string | undefined {
  const { change, before, incarnation } = telling;
  if (change === 'forget' || incarnation >= before.incarnation || isForgotten(telling)) return undefined;
  // Who left may come back at another address as somebody new.
  if (change === 'join' && before.belief === Belief.left) return undefined;
  return `now at incarnation ${incarnation}, but ${before.incarnation} was known before`;
}

function incarnationReal({ truth, subject, incarnation }: Telling): string | undefined {
  const greatest = truth.incarnation(subject);
  if (incarnation <= greatest) return undefined;
  return `believed at incarnation ${incarnation}, but it never went beyond ${greatest}`;
}

function noResurrection(telling: Telling): string | undefined {
  const { change, before, incarnation, subject } = telling;
  if (change !== 'join' || !wasGone(before) || incarnation > before.incarnation) return undefined;
  if (subject.startedAt > before.since - telling.bounds.deathMs) return undefined;
  const state =
    subject.stoppedAt === undefined ? 'never answered that' : `stopped at ${seconds(subject.stoppedAt)}`;
  return `joined again at incarnation ${incarnation}, told as gone at ${before.incarnation} before; it ${state}`;
}

/** All invariants that are judged by what is told. */
export const RULES: readonly Rule[] = [
  { name: 'no-false-death', check: falseDeath },
  { name: 'left-not-failed', check: leftNotFailed },
  { name: 'incarnation-grows', check: incarnationGrows },
  { name: 'incarnation-real', check: incarnationReal },
  { name: 'no-resurrection', check: noResurrection },
];
