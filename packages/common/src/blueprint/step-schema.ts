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

const template: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$',
  expected: "a file name below the blueprint's templates/",
};

const positive: JsonSchema = { type: 'integer', minimum: 1 };

const notify: JsonSchema = { type: 'string', enum: ['reload', 'restart'] };

/** Letters, digits and '-'. */
export const identifier: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9-]{0,62}$',
  expected: "1 to 63 letters, digits and '-'",
};

function step(type: string, properties: JsonSchema, required: readonly string[]): JsonSchema {
  return {
    type: 'object',
    properties: {
      type: { type: 'string', const: type },
      id: identifier,
      when: text,
      timeout: duration,
      ...properties,
    },
    required: ['type', 'id', ...required],
    additionalProperties: false,
  };
}

const file: JsonSchema = {
  path,
  content: { type: 'string' },
  template,
  mode,
  owner,
  group: owner,
  validate: command,
  notify,
};

const dropin: JsonSchema = {
  unit: text,
  name: {
    type: 'string',
    pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$',
    expected: "a drop-in's name without .conf: letters, digits, '-' and '_'",
  },
  content: { type: 'string' },
  template,
  notify: { type: 'string', enum: ['reload', 'restart', 'nothing'] },
};

/** A user's or group's id: 0 is root's, those of the highest are kept by the kernel. */
const numericId: JsonSchema = { type: 'integer', minimum: 1, maximum: 4_294_967_293 };

const user: JsonSchema = {
  name: owner,
  uid: numericId,
  group: owner,
  groups: { type: 'array', items: owner, uniqueItems: true },
  home: path,
  shell: path,
  system: { type: 'boolean' },
};

const download: JsonSchema = {
  url: {
    type: 'string',
    pattern: '^(https?://[^/]|\\{\\{)',
    expected: 'an http or https URL (or one that begins with a template)',
  },
  sha256: {
    type: 'string',
    pattern: '^([0-9a-fA-F]{64}$|\\{\\{)',
    expected: "the file's SHA-256, 64 hexadecimal digits (or a template)",
  },
  path,
  mode,
  owner,
  group: owner,
  maxBytes: positive,
  notify,
};

const archive: JsonSchema = {
  source: path,
  path,
  strip: { type: 'integer', minimum: 0, maximum: 20 },
  creates: {
    type: 'string',
    pattern: '^(?!/)(?!.*(^|/)\\.\\.(/|$)).+$',
    expected: 'a path below the directory, without ".."',
  },
  owner,
  group: owner,
  maxBytes: positive,
  maxEntries: positive,
  notify,
};

const wait: JsonSchema = {
  port: {
    type: ['integer', 'string'],
    minimum: 1,
    maximum: 65_535,
    minLength: 1,
    expected: 'a port, or host:port',
  },
  url: text,
  command,
  interval: duration,
};

const debianPackage: JsonSchema = {
  name: { type: 'string', pattern: '^[a-z0-9][a-z0-9+.-]+$', expected: "a Debian package's name" },
  version: {
    type: 'string',
    pattern: '^([0-9A-Za-z][0-9A-Za-z.+:~-]*$|\\{\\{)',
    expected: "a Debian package's version (or a template)",
  },
  manager: { type: 'string', enum: ['apt', 'yum', 'dnf'] },
};

const exec: JsonSchema = {
  command,
  check: command,
  undo: command,
  directory: path,
  environment,
};

/** JSON Schema of one step of a blueprint. What JSON Schema can't say is checked by `checkSteps`. */
export const stepSchema: JsonSchema = {
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: [
    step('directory', { path, mode, owner, group: owner }, ['path']),
    step('file', file, ['path']),
    step('link', { path, target: text, notify }, ['path', 'target']),
    step('group', { name: owner, gid: numericId, system: { type: 'boolean' } }, ['name']),
    step('user', user, ['name']),
    step('download', download, ['url', 'sha256', 'path']),
    step('archive', archive, ['source', 'path']),
    step('hosts', { address: text, names: { type: 'array', items: text, minItems: 1 } }, [
      'address',
      'names',
    ]),
    step('wait', wait, []),
    step('dropin', dropin, ['unit', 'name']),
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
