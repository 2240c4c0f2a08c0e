import type { Problem } from '../errors/shoal-error.js';
import { problemsError } from './problems.js';
import { findMistakes } from './schema-mistakes.js';
import type { Validator } from './validator.js';
import type { YamlDocument } from './yaml-document.js';

/**
 * The document's value, once it fits the schema. Throws `invalid_input` with every problem: where it stands, what was found
 * and what was expected; for a misspelt key which one is probably meant.
 */
export function validate<T>(document: YamlDocument, validator: Validator<T>): T {
  const problems = validationProblems(document, validator);
  if (problems.length > 0) throw problemsError(problems);
  return document.value as T;
}

/** What `validate` would complain about, for callers that have more to check before they throw. */
export function validationProblems(document: YamlDocument, validator: Validator<unknown>): Problem[] {
  return findMistakes(validator, document.value).map(({ path, part, message }) => ({
    message,
    path: pointer(path),
    position: document.positionOf(path, part),
  }));
}

/** JSON pointer (RFC 6901) of a path. */
export function pointer(path: readonly (string | number)[]): string {
  return path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
