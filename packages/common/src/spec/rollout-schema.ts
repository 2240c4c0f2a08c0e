import { durationExpected, durationPattern } from '../config/duration.js';
import type { JsonSchema } from '../config/validator.js';
import { nodeNameExpected, nodeNamePattern } from '../identity/node-name.js';
import type { RolloutStrategy } from './spec.js';

const duration: JsonSchema = { type: 'string', pattern: durationPattern, expected: durationExpected };
const share = '^([1-9][0-9]?|100)%$';

const nodeCount: JsonSchema = {
  type: ['integer', 'string'],
  minimum: 1,
  pattern: share,
  expected: 'a number of nodes from 1 on, or a share of those that the change touches from 1% to 100%',
};

const canaryNodes: JsonSchema = {
  type: ['integer', 'string', 'array'],
  minimum: 1,
  pattern: share,
  minItems: 1,
  uniqueItems: true,
  items: { type: 'string', pattern: nodeNamePattern, expected: `a node's name: ${nodeNameExpected}` },
  expected: 'a number of nodes from 1 on, a share from 1% to 100%, or a list of node names',
};

/** Ways to bring a revision to the nodes, as `rollout.strategy` names them. */
export const rolloutStrategies: readonly RolloutStrategy[] = [
  'one-by-one',
  'batches',
  'canary',
  'all-at-once',
];

/** JSON Schema of the spec's `rollout`. */
export const rolloutSchema: JsonSchema = {
  type: 'object',
  properties: {
    strategy: { type: 'string', enum: rolloutStrategies },
    batch: nodeCount,
    canary: {
      type: 'object',
      properties: {
        nodes: canaryNodes,
        promote: {
          type: 'string',
          pattern: `^manual$|${durationPattern}`,
          expected: `"manual", or ${durationExpected}`,
        },
      },
      additionalProperties: false,
    },
    maxUnavailable: nodeCount,
    order: { type: 'array', items: { type: 'string', minLength: 1 }, uniqueItems: true },
    nodeDeadline: duration,
    deadline: duration,
    onFailure: { type: 'string', enum: ['undo', 'stop'] },
    gate: {
      type: 'object',
      properties: {
        observe: duration,
        maxErrorRateIncrease: { type: 'number', minimum: 0, maximum: 1 },
        maxLatencyIncrease: { type: 'number', minimum: 0 },
        minRequests: { type: 'integer', minimum: 1 },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};
