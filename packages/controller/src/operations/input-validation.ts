import {
  compileSchema,
  type Problem,
  ShoalError,
  type SourcePosition,
  type Validator,
  validationProblems,
} from '@shoal/common';
import type { AnyOperation } from './definition.js';

const compiled = new Map<string, Validator<unknown>>();
/** Problems that one answer names. */
const mostProblems = 20;

function validatorOf(row: AnyOperation): Validator<unknown> {
  const known = compiled.get(row.name) ?? compileSchema<unknown>(row.input);
  compiled.set(row.name, known);
  return known;
}

/** Input has no lines and columns. */
const nowhere: SourcePosition = { file: 'input', line: 1, column: 1 };

/** Throws `invalid_input` with every problem (path, found, expected) when `input` isn't what the operation's schema asks for. */
export function validateInput(row: AnyOperation, input: unknown): void {
  const document = { file: 'input', text: '', value: input, positionOf: () => nowhere };
  const found = validationProblems(document, validatorOf(row));
  if (found.length === 0) return;
  const problems = found
    .slice(0, mostProblems)
    .map(({ message, path }): Problem => ({ message, ...(path === undefined ? {} : { path }) }));
  const words = problems.map(({ message }) => message).join('; ');
  throw new ShoalError('invalid_input', `wrong input for ${row.name}: ${words}`, { problems });
}
