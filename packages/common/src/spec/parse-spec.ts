import { validate } from '../config/validate.js';
import type { Validator } from '../config/validator.js';
import { compileSchema } from '../config/validator.js';
import { parseYaml } from '../config/yaml-document.js';
import type { Spec } from './spec.js';
import { specSchema } from './spec-schema.js';

/** Checks a value against `specSchema`. */
export const specValidator: Validator<Spec> = compileSchema<Spec>(specSchema);

/** The spec in a YAML text. Throws `invalid_input` with every problem at file:line:column. */
export function parseSpec(text: string, file: string): Spec {
  return validate(parseYaml(text, file), specValidator);
}
