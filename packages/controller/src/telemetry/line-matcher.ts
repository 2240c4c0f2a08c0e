import { accessText, type LogLine } from '@shoal/common';
import { createMatcher } from './pattern.js';

type Line = Pick<LogLine, 'line' | 'fields'>;

/**
 * Tells which log lines match a pattern: as they were written, or, of an access log's JSON, as people are shown them. Throws
 * `invalid_input` when the pattern runs away on them; `budgetMs` as in `createMatcher`.
 */
export function createLineMatcher(
  pattern: string,
  budgetMs?: number,
): (lines: readonly Line[]) => readonly boolean[] {
  const match = createMatcher(pattern, budgetMs);
  return (lines) => {
    const written = match(lines.map(({ line }) => line));
    // Few lines are left to be looked at twice; one without a short form is empty here, and its answer isn't asked for.
    const short = lines.map((line, index) => (written[index] === true ? undefined : accessText(line)));
    const shown = match(short.map((text) => text ?? ''));
    return lines.map(
      (_, index) => written[index] === true || (short[index] !== undefined && shown[index] === true),
    );
  };
}
