import { createContext, Script } from 'node:vm';
import { ShoalError } from '@shoal/common';

/** Longest pattern, in characters. */
const longestPattern = 500;
/** What of a line a pattern sees. */
const longestSubject = 16_384;
/** How long matching one batch of lines may take by default, in ms. Ordinary patterns need thousands of times less. */
const defaultBudgetMs = 500;
/** Characters that one batch holds at most. */
const batchSize = 1024 * 1024;

/** Tells which of the lines match. Throws `invalid_input` when the pattern runs away on them. */
export type LineMatcher = (lines: readonly string[]) => readonly boolean[];

function refuse(message: string, hint: string): never {
  throw new ShoalError('invalid_input', message, { hint, problems: [{ path: '/grep', message }] });
}

/**
 * Whether a quantified group holds a quantifier of its own, e.g. `(a+)*`: the commonest shape of a pattern whose time grows exponentially.
 * Quantifiers with a fixed count (`{3}`) and `?` are no danger inside.
 */
export function hasNestedQuantifier(pattern: string): boolean {
  const inner: boolean[] = [false];
  const tokens =
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|\)(?:[*+]|\{\d+,\d*\})?|[*+]|\{\d+,\d*\}|./gs;
  for (const [token] of pattern.matchAll(tokens)) {
    if (token.startsWith('(')) inner.push(false);
    else if (token.startsWith(')')) {
      const repeats = inner.pop() ?? false;
      const quantified = token.length > 1;
      if (repeats && quantified) return true;
      if (repeats || quantified) inner[inner.length - 1] = true;
    } else if (token === '*' || token === '+' || /^\{\d+,\d*\}$/.test(token)) inner[inner.length - 1] = true;
  }
  return false;
}

/** The pattern compiled; `(?i)` at its start ignores case. What RE2 doesn't know either is refused: back references and look-around. */
export function parsePattern(pattern: string): RegExp {
  if (pattern.length > longestPattern) {
    refuse(`the pattern has ${pattern.length} characters, expected at most ${longestPattern}`, 'shorten it');
  }
  const ignoreCase = pattern.startsWith('(?i)');
  const source = ignoreCase ? pattern.slice(4) : pattern;
  if (/(?<!\\)(?:\\\\)*(?:\\[1-9]|\\k<|\(\?(?:[=!]|<[=!]))/.test(source)) {
    refuse('the pattern has a back reference or look-around, which are not supported', 'match without it');
  }
  if (hasNestedQuantifier(source)) {
    refuse('the pattern repeats a group that itself repeats, which can run away', 'write (a+)+ as a+');
  }
  try {
    return new RegExp(source, ignoreCase ? 'i' : '');
  } catch (thrown) {
    const [, reason = ''] = /: ([^:]*)$/.exec((thrown as Error).message) ?? [];
    return refuse(`the pattern is no regular expression: ${reason}`, 'escape ( ) [ ] { } . * + ? with \\');
  }
}

const context = createContext({ task: undefined as (() => void) | undefined });
const script = new Script('task()');

/** Runs `task` and stops it after `budgetMs`, in the midst of a regular expression too. */
function bounded(task: () => void, budgetMs: number): void {
  context['task'] = task;
  try {
    script.runInContext(context, { timeout: budgetMs });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw thrown;
    refuse('the pattern takes too long on these lines', 'make it more specific: fewer * and +');
  } finally {
    context['task'] = undefined;
  }
}

/** A matcher whose time is bounded whatever the pattern. Lines are looked at up to 16 KiB. */
export function createMatcher(pattern: string, budgetMs: number = defaultBudgetMs): LineMatcher {
  const expression = parsePattern(pattern);
  return (lines) => {
    const matches: boolean[] = [];
    while (matches.length < lines.length) {
      bounded(() => {
        for (let size = 0; size < batchSize && matches.length < lines.length; ) {
          const line = lines[matches.length] ?? '';
          size += Math.min(line.length, longestSubject) + 1;
          matches.push(expression.test(line.length > longestSubject ? line.slice(0, longestSubject) : line));
        }
      }, budgetMs);
    }
    return matches;
  };
}
