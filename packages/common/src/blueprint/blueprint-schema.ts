import type { JsonSchema } from '../config/validator.js';
import { command, duration, environment, identifier, stepSchema } from './step-schema.js';

const text: JsonSchema = { type: 'string', minLength: 1 };

/** Names that templates use as `params.name`: no '-' in them, it would be read as a minus. */
const variableName: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$',
  expected: "a name of letters, digits and '_', beginning with a letter",
};

/** The rest of a parameter's schema is JSON Schema, judged by compiling it. */
const parameter: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', enum: ['string', 'integer', 'number', 'boolean', 'array', 'object'] },
    description: text,
    secret: { type: 'boolean' },
  },
  required: ['type', 'description'],
};

const process: JsonSchema = {
  type: 'object',
  properties: {
    unit: text,
    command,
    environment,
    reloadSignal: { type: 'string', enum: ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] },
    stopSignal: { type: 'string', enum: ['SIGTERM', 'SIGQUIT', 'SIGINT'] },
    stopTimeout: duration,
  },
  additionalProperties: false,
};

const health: JsonSchema = {
  type: 'object',
  properties: {
    url: text,
    probes: { type: 'array', items: text, maxItems: 20 },
    interval: duration,
    timeout: duration,
    healthyFor: duration,
    deadline: duration,
  },
  required: ['url'],
  additionalProperties: false,
};

const drain: JsonSchema = {
  type: 'object',
  properties: {
    on: { type: 'string', enum: ['restart', 'change'] },
    quiet: duration,
    settle: duration,
    timeout: duration,
  },
  additionalProperties: false,
};

const traffic: JsonSchema = {
  type: 'object',
  properties: { status: text, seconds: text, refused: text },
  required: ['status'],
  additionalProperties: false,
};

const metric: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', enum: ['nginx-stub-status', 'prometheus', 'krakend'] },
    url: text,
    when: text,
  },
  required: ['type', 'url'],
  additionalProperties: false,
};

const log: JsonSchema = {
  type: 'object',
  properties: {
    source: identifier,
    file: text,
    unit: text,
    stdout: { type: 'boolean' },
    parser: { type: 'string', enum: ['plain', 'json', 'combined', 'nginx-error', 'krakend'] },
    traffic,
    when: text,
  },
  required: ['source'],
  additionalProperties: false,
};

/** JSON Schema of `blueprint.yaml`. */
export const blueprintSchema: JsonSchema = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]{0,62}$',
      expected: "a blueprint's name: 1 to 63 of a-z, 0-9 and '-', beginning with a letter",
    },
    version: {
      type: 'string',
      pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+([+-][0-9A-Za-z.+-]+)?$',
      expected: 'a semantic version such as 1.0.0',
    },
    description: text,
    feature: {
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9.-]{0,63}$',
      expected: "a licensed feature's name of a-z, 0-9, '.' and '-'",
    },
    parameters: { type: 'object', propertyNames: variableName, additionalProperties: parameter },
    variables: { type: 'object', propertyNames: variableName, additionalProperties: { type: 'string' } },
    steps: { type: 'array', items: stepSchema },
    process,
    health,
    drain,
    metrics: { type: 'array', items: metric },
    logs: { type: 'array', items: log },
  },
  required: ['name', 'version', 'description', 'parameters', 'steps', 'process'],
  additionalProperties: false,
};
