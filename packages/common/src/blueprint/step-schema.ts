import { durationExpected, durationPattern } from '../config/duration.js';
import type { JsonSchema } from '../config/validator.js';

const text: JsonSchema = { type: 'string', minLength: 1 };
/** A command and its arguments. */
export const command: JsonSchema = { type: 'array', items: { type: 'string' }, minItems: 1 };
/** Environment variables. */
export const environment: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } };
/** A length of time. */
export const duration: JsonSchema = { type: 'string', pattern: durationPattern, expected: durationExpected };

const path: JsonSchema = {
  type: 'string',
  pattern: '^(/|\\{\\{)(?!.*(^|/)\\.\\.(/|$))',
  expected: 'an absolute path (or one that begins with a template) without ".."',
};

const mode: JsonSchema = {
  type: 'string',
  pattern: '^[0-7]{3,4}$',
  expected: 'octal permissions in quotes, such as "0644"',
};

const owner: JsonSchema = {
  type: 'string',
  pattern: '^[a-z_][a-z0-9_-]{0,31}\\$?$',
  expected: "a user's or group's name",
};

/** Letters, digits and '-'. */
export const identifier: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9-]{0,62}$',
  expected: "1 to 63 letters, digits and '-'",
};

function step(type: string, properties: JsonSchema, required: readonly string[]): JsonSchema {
  return {
    type: 'object',
    properties: { type: { type: 'string', const: type }, id: identifier, when: text, ...properties },
    required: ['type', 'id', ...required],
    additionalProperties: false,
  };
}

const file: JsonSchema = {
  path,
  content: { type: 'string' },
  template: {
    type: 'string',
    pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$',
    expected: "a file name below the blueprint's templates/",
  },
  mode,
  owner,
  group: owner,
  validate: command,
  notify: { type: 'string', enum: ['reload', 'restart'] },
};

const debianPackage: JsonSchema = {
  name: { type: 'string', pattern: '^[a-z0-9][a-z0-9+.-]+$', expected: "a Debian package's name" },
  version: {
    type: 'string',
    pattern: '^[0-9A-Za-z][0-9A-Za-z.+:~-]*$',
    expected: "a Debian package's version",
  },
};

const exec: JsonSchema = {
  command,
  check: command,
  undo: command,
  directory: path,
  environment,
  timeout: duration,
};

/** JSON Schema of one step of a blueprint. What JSON Schema can't say is checked by `checkSteps`. */
export const stepSchema: JsonSchema = {
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: [
    step('directory', { path, mode, owner, group: owner }, ['path']),
    step('file', file, ['path']),
    step('package', debianPackage, ['name']),
    step(
      'unit',
      { unit: text, enabled: { type: 'boolean' }, state: { type: 'string', enum: ['started', 'stopped'] } },
      ['unit'],
    ),
    step('exec', exec, ['command']),
    step('service', { validate: command }, []),
  ],
};
