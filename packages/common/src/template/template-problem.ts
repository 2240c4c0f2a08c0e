import { didYouMean } from '../config/nearest.js';
import type { Problem } from '../errors/shoal-error.js';
import { maxOutputLength, maxRenderMs, maxTemplateLength } from './liquid.js';

/** What the library's errors carry beside their message; its classes aren't needed to look at it. */
interface LiquidFailure {
  readonly message: string;
  readonly token?: { getPosition(): number[] };
  readonly originalError?: { readonly message: string; readonly variableName?: string };
}

const limits: Readonly<Record<string, string>> = {
  'template render limit exceeded': `takes longer than ${maxRenderMs} ms to render`,
  'memory alloc limit exceeded': 'needs too much memory to render',
  'Invalid string length': 'needs too much memory to render',
  'Invalid array length': 'needs too much memory to render',
  'output limit exceeded': `renders to more than ${maxOutputLength} characters`,
  'parse length limit exceeded': `is longer than ${maxTemplateLength} characters`,
};

/** What Liquid complained about, in our words, with its place in the template `name`. */
export function templateProblem(thrown: unknown, name: string, context: object = {}): Problem {
  const failure = thrown as LiquidFailure;
  const original = failure.originalError ?? failure;
  // The library appends the place to its messages; ours stands in front.
  const reason = original.message.replace(/(, file:.*)?, line:\d+, col:\d+$/s, '');
  const position = failure.token?.getPosition();
  const message = describe(reason, failure.originalError?.variableName, context);
  const [line = 1, column = 1] = position ?? [];
  return { message, position: { file: name, line, column } };
}

function describe(reason: string, variable: string | undefined, context: object): string {
  const limit = limits[reason];
  if (limit !== undefined) return `the template ${limit}`;
  if (variable !== undefined) return undefinedVariable(variable, context);
  return reason.replace(/^undefined filter: (.+)$/, 'unknown filter $1');
}

/** `undefined variable params.prot; did you mean "port"?` */
export function undefinedVariable(variable: string, context: object): string {
  const path = variable.split('.');
  const last = path.pop() ?? '';
  let scope: unknown = context;
  for (const segment of path) scope = (scope as Record<string, unknown> | null | undefined)?.[segment];
  const known =
    typeof scope === 'object' && scope !== null && !Array.isArray(scope) ? Object.keys(scope) : [];
  return `undefined variable ${variable}${didYouMean(last, known)}`;
}
