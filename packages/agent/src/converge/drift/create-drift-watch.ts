import type { Logger } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import type { AttemptBegin } from '../attempt/journal.js';
import type { Outcome } from '../attempt/perform.js';
import type { Clock } from '../clock.js';
import { wrapping } from '../command.js';
import type { ConvergeLoop } from '../converge-loop.js';
import type { TemplateFacts } from '../converger.js';
import type { RenderedService } from '../render/rendered.js';
import type { StateFile } from '../state.js';
import type { CheckOptions } from '../steps/check-context.js';
import { checkContext } from '../steps/check-context.js';
import type { StepName } from './drift-finder.js';
import { DriftMemory } from './drift-memory.js';
import { DriftWatch } from './drift-watch.js';
import { isItsTurn } from './repair-turn.js';

/** The parts of the converger that looking for drift is made of. */
export interface DriftParts {
  /** How often it is looked, in milliseconds. Default 10000. */
  readonly driftIntervalMs?: number;
  /** Where it is kept what drifted. */
  readonly memoryPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateFile;
  /** Who this node is, and the living members. */
  readonly facts: () => Pick<TemplateFacts, 'node' | 'members'>;
  readonly inForce: () => Promise<readonly RenderedService[]>;
  readonly check: Pick<CheckOptions, 'run' | 'supervisor' | 'probe' | 'guard' | 'directory'>;
  readonly loop: ConvergeLoop;
  readonly attempt: (begin: Omit<AttemptBegin, 'id'>) => Promise<Outcome>;
  readonly redact: (text: string) => string;
  readonly changed: () => void;
}

/** Looks for drift by the steps' own checks, and repairs by attempts. */
export function createDriftWatch(parts: DriftParts): DriftWatch {
  const { driftIntervalMs: intervalMs = 10_000, clock, logger, state, inForce, check, loop, changed } = parts;
  return new DriftWatch({
    intervalMs,
    memory: new DriftMemory(parts.memoryPath, state, logger),
    clock,
    logger,
    inForce,
    policyOf: (name) =>
      state.current.manifest?.services.find((service) => service.name === name)?.drift ?? 'report',
    mayRepair: (service, steps) => {
      const { node, members } = parts.facts();
      const since = Math.min(...steps.map((drift) => drift.since));
      const ids = steps.map(({ step }) => step);
      return isItsTurn({ service, steps: ids, since, now: clock.now(), node: node.name, members });
    },
    contextOf: (service, signal) =>
      checkContext(service, {
        ...check,
        clock,
        signal,
        // Also commands that are asked without the steps' own limits.
        run: wrapping(check.run, (command, options) =>
          check.run(command, { ...options, signal: options.signal ?? signal }),
        ),
        state: state.current,
      }),
    quiet: () => loop.quiet,
    enqueue: (job) => loop.enqueue(job),
    converge: (steps) => parts.attempt(repairOf(steps, state)),
    redact: parts.redact,
    changed,
  });
}

function repairOf(steps: readonly StepName[], { current }: StateFile): Omit<AttemptBegin, 'id'> {
  const { manifest, running } = current;
  if (manifest === null || running === null) throw new ShoalError('internal', 'nothing is in force');
  const drifted: Record<string, string[]> = {};
  for (const { service, step } of steps) drifted[service] = [...(drifted[service] ?? []), step];
  return { purpose: 'repair', ...running, manifest, drifted };
}
