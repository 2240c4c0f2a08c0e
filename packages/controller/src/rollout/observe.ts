import { ShoalError } from '@shoal/common';
import { isHealthy, isSettled, type MeasuredState } from '../link/report.js';
import type { CompiledManifest } from '../spec/compiler.js';
import type { ObservedNode, Presence } from './state.js';
import type { Target } from './targets.js';

type Compiled = CompiledManifest | ShoalError | undefined;

/** What a rollout looks at nodes with. */
export interface RolloutAngle {
  readonly revision: number;
  /** The revision that a node would go back to; 0: none. */
  readonly back: (name: string) => number;
  /** As `changeRanks` gives them. */
  readonly ranks: ReadonlyMap<string, number>;
  /** Services that the change touches; undefined: nobody asks which nodes are affected. */
  readonly touched: ReadonlySet<string> | undefined;
}

/** All that is known of a node with regard to a rollout. */
export interface KnownForRollout {
  readonly presence: Presence;
  readonly site: string;
  readonly measured: MeasuredState | null;
  /** Services that operators want drained on it, `*`: all. */
  readonly drainAsked: readonly string[];
  /** What it was offered last is on its way, or not dealt with yet. */
  readonly isOutstanding: boolean;
  readonly target: Target | undefined;
  readonly revision: number;
  /** Its manifest at the rollout's revision, and at the one that it would go back to. */
  readonly next: Compiled;
  readonly back: Compiled;
  /** Nodes of a lower one come first. */
  readonly rank: number;
  /** Services that the change touches; undefined: nobody asks which nodes are affected. */
  readonly touched: ReadonlySet<string> | undefined;
}

/** Hash of what can't be compiled: no node runs it. */
const notCompiled = 'not-compiled';

function hashOf(compiled: Compiled): string {
  if (compiled === undefined) return '';
  return ShoalError.is(compiled) ? notCompiled : compiled.hash;
}

function servicesOf(compiled: Compiled): string[] {
  return compiled === undefined || ShoalError.is(compiled)
    ? []
    : compiled.manifest.services.map(({ name }) => name);
}

function failedOf({ next, measured, revision }: KnownForRollout): ObservedNode['failed'] {
  if (ShoalError.is(next)) {
    const failure = { service: '', step: 'compile', message: next.message, output: '', undone: true };
    return { hash: notCompiled, revision, attempt: 0, failure };
  }
  if (measured?.failed == null) return null;
  return { ...measured.failed, attempt: measured.failed.attempt ?? 0 };
}

function runsTouched({ next, measured }: KnownForRollout, touched: ReadonlySet<string>): readonly string[] {
  const present = measured?.services ?? [];
  return [...servicesOf(next), ...present.map(({ service }) => service)].filter((name) => touched.has(name));
}

/** A node as a rollout sees it. */
export function observeNode(known: KnownForRollout): ObservedNode {
  const { measured, next, back, target, touched, drainAsked } = known;
  const affected = touched === undefined ? [] : runsTouched(known, touched);
  return {
    presence: known.presence,
    site: known.site,
    rank: known.rank,
    hash: hashOf(next),
    back: hashOf(back),
    running: measured?.runningHash ?? '',
    failed: failedOf(known),
    settled: (measured === null || isSettled(measured)) && !known.isOutstanding,
    healthy: isHealthy(measured),
    affected: affected.length > 0,
    drained: affected.some((name) => drainAsked.includes(name) || drainAsked.includes('*')),
    good: target?.good ?? 0,
    attempt: target?.attempt ?? 0,
  };
}
