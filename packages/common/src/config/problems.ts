import type { ErrorCode, Problem, ShoalErrorOptions } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';

/** One problem as a line for people: `cluster.yaml:4:7: unknown key "blueprnt" in services.web`. */
export function formatProblem(problem: Problem): string {
  const at = problem.position;
  return at === undefined ? problem.message : `${at.file}:${at.line}:${at.column}: ${problem.message}`;
}

/** Every problem of an error on a line of its own; the message of an error that lists none. Ends without a newline. */
export function formatProblems(error: ShoalError): string {
  return error.problems.length === 0 ? error.message : error.problems.map(formatProblem).join('\n');
}

/** One error for all problems, in order of position; its message is the first of them and the count of the rest. */
export function problemsError(
  problems: readonly Problem[],
  code: ErrorCode = 'invalid_input',
  options: Omit<ShoalErrorOptions, 'problems'> = {},
): ShoalError {
  const sorted = [...problems].sort(byPosition);
  const [first] = sorted;
  const more = sorted.length > 1 ? ` (and ${sorted.length - 1} more)` : '';
  const message = first === undefined ? 'invalid input' : `${formatProblem(first)}${more}`;
  return new ShoalError(code, message, { ...options, problems: sorted });
}

function byPosition(a: Problem, b: Problem): number {
  if (a.position === undefined || b.position === undefined) return 0;
  if (a.position.file !== b.position.file) return 0;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}
