import type { OperationTable } from './definition.js';
import { array, described, object, options, view, word } from './schema.js';

type DriftOperations = Pick<OperationTable, 'drift.list' | 'drift.repair'>;

/** What no longer holds on nodes, and putting it back. */
export const driftOperations: DriftOperations = {
  'drift.list': {
    name: 'drift.list',
    summary: 'What no longer holds of what nodes run, with the differences and what is done about it',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/drifts' },
    input: options({ node: described(word, 'only of this node') }),
    output: object({ drifts: array(view('NodeDrift')) }),
    run: async ({ node }, { services }) => ({ drifts: services.drifts.list(node) }),
  },
  'drift.repair': {
    name: 'drift.repair',
    summary: 'Puts back once what drifted on a node, whatever the policy says; answers when it is done',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/nodes/:node/repair' },
    input: object({ node: word, service: described(word, 'only what drifted of this service') }, ['service']),
    output: object({ node: word, repaired: array(object({ service: word, step: word })) }),
    audit: { input: ({ node, service }) => ({ node, service }) },
    run: async ({ node, service }, { services }) => ({
      node,
      repaired: await services.drifts.repair(node, service),
    }),
  },
};
