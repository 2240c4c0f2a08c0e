import type { Value } from 'liquidjs';
import { problemsError } from '../config/problems.js';
import type { Problem } from '../errors/shoal-error.js';
import type { LiquidEngine } from './liquid.js';
import { loadLiquid } from './liquid.js';
import { templateProblem } from './template-problem.js';

/**
 * Whether a Liquid condition such as `supervisor == 'systemd'` holds over `context`. An undefined variable counts as false; faulty syntax is
 * `invalid_input`.
 */
export async function evaluateCondition(expression: string, context: object): Promise<boolean> {
  const liquid = await loadLiquid();
  const { module, engine } = liquid;
  try {
    const scope = new module.Context(context, engine.options, {}, { liquid: engine });
    const value: unknown = await module.toPromise(parseCondition(liquid, expression).value(scope, true));
    return module.isTruthy(value, scope);
  } catch (thrown) {
    throw problemsError([conditionProblem(thrown, expression)], 'invalid_input', { cause: thrown });
  }
}

/** What is wrong with a condition's syntax; nothing: undefined. */
export async function checkCondition(expression: string): Promise<Problem | undefined> {
  const liquid = await loadLiquid();
  try {
    parseCondition(liquid, expression);
    return undefined;
  } catch (thrown) {
    return conditionProblem(thrown, expression);
  }
}

/** The library's `if` ignores what follows a complete expression and takes missing operands for nil; a condition that isn't whole is refused here. */
function parseCondition({ module, engine }: LiquidEngine, expression: string): Value {
  const tokenizer = new module.Tokenizer(expression, engine.options.operators);
  const token = tokenizer.readFilteredValue();
  tokenizer.skipBlank();
  if (!tokenizer.end()) throw new Error(`unexpected ${JSON.stringify(tokenizer.remaining())}`);
  let operands = 0;
  for (const part of token.initial.postfix) {
    if (!module.TypeGuards.isOperatorToken(part)) operands += 1;
    else if (part.operator !== 'not') operands -= 1;
  }
  if (operands !== 1) {
    throw new Error(operands < 1 ? 'an operand is missing' : 'an operator is missing between two values');
  }
  return new module.Value(token, engine);
}

function conditionProblem(thrown: unknown, expression: string): Problem {
  const { message } = templateProblem(thrown, '');
  const single = /[^=!<>]=[^=]/.test(expression) ? '; "==" compares' : '';
  return { message: `condition ${JSON.stringify(expression)}: ${message}${single}` };
}
