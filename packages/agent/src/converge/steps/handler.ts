import type { Supervisor } from '../../supervise/supervisor.js';
import type { Clock } from '../clock.js';
import type { CommandOptions, CommandResult, RunCommand } from '../command.js';
import { failureOf } from '../command.js';
import type { Probe } from '../health.js';
import type { RenderedService, RenderedStep, StagedPaths } from '../render/rendered.js';
import type { Applied } from '../state.js';
import { StepError } from '../step-error.js';
import type { PathGuard } from './safe-path.js';

/** Whether a step holds already, and if not, what differs: for people, a unified diff for files. */
export interface StepCheck {
  readonly holds: boolean;
  readonly difference: string;
}

export const holds: StepCheck = { holds: true, difference: '' };

/** What a step works with. */
export interface StepContext {
  readonly service: RenderedService;
  /** For questions: nothing is shown of what the command prints. */
  readonly ask: RunCommand;
  /** For changes: each line is shown live, and the process is noted, so that a later agent can wait for it. */
  readonly run: RunCommand;
  readonly supervisor: Supervisor;
  readonly probe: Probe;
  readonly clock: Clock;
  /** The step's time is over, or the agent can't wait any longer: commands are ended by it already. */
  readonly signal: AbortSignal;
  /** Another manifest is asked for: a step that only waits ends, any other one goes on to its end. Absent: nobody can ask. */
  readonly superseded?: AbortSignal;
  readonly guard: PathGuard;
  /** A line for whoever watches. */
  readonly output: (line: string) => void;
  /** The attempt's own directory, for backups that can't lie beside the original. */
  readonly directory: string;
  /** What the service's process was last started or reloaded with. */
  readonly applied: Applied | undefined;
  /** The preflight has just found the step's file good, and the host is as it was then: its program isn't asked again. Default false. */
  readonly isJudged?: boolean;
  readonly saveApplied: (applied: Applied) => Promise<void>;
}

/** One type of step. Everything in it is safe to do again, also after it was interrupted halfway. */
export interface StepHandler<S extends RenderedStep, U> {
  /** Looks, changes nothing. */
  check(step: S, context: StepContext): Promise<StepCheck>;
  /** What `undo` will need. It is on disk before `apply` begins; must be JSON. */
  prepareUndo(step: S, context: StepContext): Promise<U>;
  /** Makes it hold. Resolves with what was done, in a few words; rejects with a StepError. */
  apply(step: S, context: StepContext): Promise<string>;
  /** Puts back what was before. Safe when it was done already, or when `apply` never ran. Resolves with what was done. */
  undo(undo: U, context: UndoContext): Promise<string>;
  /** The attempt is over and stays: removes what only an undo would have needed. */
  forget?(undo: U): Promise<void>;
}

/** What an undo works with: it may run in a later agent, which has nothing but the journal. */
export type UndoContext = Pick<StepContext, 'ask' | 'run' | 'output' | 'clock' | 'signal' | 'superseded'>;

/** Runs a command that has to succeed: when it doesn't, the error carries its last lines. */
export async function mustRun(
  run: RunCommand,
  command: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await run(command, options);
  const failure = failureOf(command[0] ?? '', result, options.timeoutMs);
  if (failure === undefined) return result;
  throw new StepError(failure, result.lines);
}

/** Replaces the paths of staged copies by those that people know. */
export function nameOriginals(line: string, paths: StagedPaths, originals: StagedPaths): string {
  let text = line;
  for (const [id, staged] of Object.entries(paths)) text = text.replaceAll(staged, originals[id] ?? staged);
  return text;
}
