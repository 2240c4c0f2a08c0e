import { parseDuration, ShoalError } from '@shoal/common';
import type { OperationTable } from './definition.js';
import { array, count, described, flag, nothing, object, oneOf, options, view, word } from './schema.js';
import { watchCluster } from './watches.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Shortest and longest life of a join token. */
const tokenTtl = { least: minuteMs, most: 30 * dayMs };

function ttlOf(text: string): number {
  const ttl = parseDuration(text);
  if (ttl >= tokenTtl.least && ttl <= tokenTtl.most) return ttl;
  throw new ShoalError('invalid_input', `ttl is ${text}; expected 1m to 30d`, {
    problems: [{ path: '/ttl', message: `ttl: expected 1m to 30d, found ${text}` }],
  });
}

type ClusterOperations = Pick<
  OperationTable,
  | 'status.get'
  | 'operations.list'
  | 'whoami.get'
  | 'token.create'
  | 'token.list'
  | 'token.revoke'
  | 'node.list'
  | 'node.get'
  | 'node.drain'
  | 'node.undrain'
  | 'node.remove'
  | 'member.list'
  | 'event.watch'
  | 'audit.list'
>;

function drainOf({ name, service }: { name: string; service?: string }): Record<string, string> {
  return { name, ...(service === undefined ? {} : { service }) };
}

/** What concerns the cluster itself: who is in it, who may come in, who asks. */
export const clusterOperations: ClusterOperations = {
  'status.get': {
    name: 'status.get',
    summary: 'The cluster at a glance',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/status' },
    input: nothing,
    output: view('Status'),
    run: (_input, { services }) => services.status(),
  },
  'operations.list': {
    name: 'operations.list',
    summary: 'This table: every operation with its schemas and the role it needs',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/operations' },
    input: nothing,
    output: object({ operations: array(view('Operation')) }),
    run: async (_input, { describe }) => ({ operations: describe() }),
  },
  'whoami.get': {
    name: 'whoami.get',
    summary: 'Name and role of who asks',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/whoami' },
    input: nothing,
    output: view('Identity'),
    run: async (_input, { actor }) => ({ name: actor.name, role: actor.role }),
  },
  'token.create': {
    name: 'token.create',
    summary: 'Makes a join token for new nodes; the token itself is shown only in this answer',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/tokens' },
    input: options({
      ttl: described({ type: 'string', maxLength: 20, default: '1h' }, 'how long it is good for, 1m to 30d'),
      uses: described(count(1, 1000, 1), 'how many nodes may join with it'),
    }),
    output: view('NewToken'),
    audit: { input: ({ ttl = '1h', uses = 1 }) => ({ ttl, uses }) },
    run: ({ ttl = '1h', uses = 1 }, { services, actor }) =>
      services.tokens.create({ ttlMs: ttlOf(ttl), uses }, actor),
  },
  'token.list': {
    name: 'token.list',
    summary: 'Join tokens, without their secrets',
    role: 'admin',
    stream: false,
    http: { method: 'GET', path: '/tokens' },
    input: nothing,
    output: object({ tokens: array(view('Token')) }),
    run: async (_input, { services }) => ({ tokens: await services.tokens.list() }),
  },
  'token.revoke': {
    name: 'token.revoke',
    summary: 'Ends a join token; nodes that joined with it stay',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/tokens/:id/revoke' },
    input: object({ id: word }),
    output: view('Token'),
    audit: { input: ({ id }) => ({ id }) },
    run: ({ id }, { services }) => services.tokens.revoke(id),
  },
  'node.list': {
    name: 'node.list',
    summary: 'Every node with its three hashes and health',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/nodes' },
    input: nothing,
    output: object({ nodes: array(view('Node')) }),
    run: async (_input, { services }) => ({ nodes: services.nodes.list() }),
  },
  'node.get': {
    name: 'node.get',
    summary: 'One node',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/nodes/:name' },
    input: object({ name: word }),
    output: view('Node'),
    run: async ({ name }, { services }) => services.nodes.get(name),
  },
  'node.drain': {
    name: 'node.drain',
    summary:
      'Has load balancers send nothing new to the node, or to one of its services, until it is undrained; what runs there goes on',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/nodes/:name/drain' },
    input: object({ name: word, service: described(word, 'only this service; default: all of them') }, [
      'service',
    ]),
    output: view('Node'),
    audit: { input: drainOf },
    run: ({ name, service }, { services, actor }) => services.nodes.drain(name, service, actor),
  },
  'node.undrain': {
    name: 'node.undrain',
    summary: 'Takes back the draining of a node, or of one of its services',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/nodes/:name/undrain' },
    input: object(
      { name: word, service: described(word, 'only this service; default: all that was asked') },
      ['service'],
    ),
    output: view('Node'),
    audit: { input: drainOf },
    run: ({ name, service }, { services }) => services.nodes.undrain(name, service),
  },
  'node.remove': {
    name: 'node.remove',
    summary:
      'Takes a node out of the cluster and revokes its certificate; the gossip key that it knows is rotated, its services are left running',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/nodes/:name/remove' },
    input: object({ name: word, keepGossipKey: described(flag, 'begin no rotation of the gossip key') }, [
      'keepGossipKey',
    ]),
    output: object({ name: word, gossipKey: oneOf('rotating', 'kept') }),
    audit: { input: ({ name, keepGossipKey = false }) => ({ name, keepGossipKey }) },
    run: async ({ name, keepGossipKey = false }, { services, actor }) => {
      const { isRotating } = await services.nodes.remove(name, actor, { keepGossipKey });
      return { name, gossipKey: isRotating ? 'rotating' : 'kept' };
    },
  },
  'member.list': {
    name: 'member.list',
    summary: "The gossip's own view: the controller's, or that of a node",
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/members' },
    input: options({ node: described(word, 'the node whose view it shall be') }),
    output: object({ members: array(view('Member')) }),
    run: async ({ node }, { services }) => ({ members: await services.members.list(node) }),
  },
  'event.watch': {
    name: 'event.watch',
    summary: 'First every node, then each change of nodes, members, revisions and rollouts as it happens',
    role: 'viewer',
    stream: true,
    http: { method: 'GET', path: '/events' },
    input: nothing,
    output: view('ClusterEvent'),
    watch: (_input, { services, signal }) => watchCluster(services, signal),
  },
  'audit.list': {
    name: 'audit.list',
    summary: 'Who changed what, and how it ended; newest first',
    role: 'admin',
    stream: false,
    http: { method: 'GET', path: '/audit' },
    input: options({ limit: count(1, 1000, 100) }),
    output: object({ entries: array(view('AuditEntry')) }),
    run: async ({ limit = 100 }, { audit }) => ({ entries: await audit.list(limit) }),
  },
};
