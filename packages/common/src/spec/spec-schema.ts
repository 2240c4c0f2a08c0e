import type { JsonSchema } from '../config/validator.js';
import { nodeNameExpected, nodeNamePattern } from '../identity/node-name.js';
import { rolloutSchema } from './rollout-schema.js';

const nodeName: JsonSchema = {
  type: 'string',
  pattern: nodeNamePattern,
  expected: `a node's name: ${nodeNameExpected}`,
};

const params: JsonSchema = { type: 'object' };

const nodes: JsonSchema = {
  type: ['string', 'array', 'object'],
  expected: '"all", a list of node names, or a mapping {site: name}',
  if: { type: 'string' },
  // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema
  then: { type: 'string', enum: ['all'] },
  else: {
    if: { type: 'array' },
    // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema
    then: { type: 'array', items: nodeName, uniqueItems: true },
    else: {
      if: { type: 'object' },
      // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema
      then: {
        type: 'object',
        properties: { site: { type: 'string', minLength: 1 } },
        required: ['site'],
        additionalProperties: false,
      },
    },
  },
};

const serviceName: JsonSchema = {
  type: 'string',
  pattern: '^[a-z][a-z0-9-]{0,62}$',
  expected: "a service's name: 1 to 63 of a-z, 0-9 and '-', beginning with a letter",
};

const service: JsonSchema = {
  type: 'object',
  properties: {
    blueprint: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]*(@[0-9]+\\.[0-9]+\\.[0-9]+([+-][0-9A-Za-z.+-]+)?)?$',
      expected: "a blueprint's name, optionally with its version: nginx or nginx@1.0.0",
    },
    nodes,
    needs: { type: 'array', items: serviceName, uniqueItems: true },
    drift: { type: 'string', enum: ['report', 'repair'] },
    params,
    perSite: { type: 'object', additionalProperties: params },
    perNode: { type: 'object', propertyNames: nodeName, additionalProperties: params },
  },
  required: ['blueprint', 'nodes'],
  additionalProperties: false,
};

/** JSON Schema of `cluster.yaml`. What depends on blueprints and nodes is checked by `checkSpec`. */
export const specSchema: JsonSchema = {
  type: 'object',
  properties: {
    cluster: {
      type: 'string',
      pattern: '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$',
      expected: "the cluster's name: 1 to 63 of a-z, 0-9, '-' and '.'",
    },
    services: {
      type: 'object',
      propertyNames: serviceName,
      additionalProperties: service,
    },
    rollout: rolloutSchema,
  },
  required: ['cluster', 'services'],
  additionalProperties: false,
};
