import type { OperationTable } from './definition.js';
import { array, described, nothing, object, options, view, word } from './schema.js';
import { watchGossipKeys } from './watches.js';

type GossipKeyOperations = Pick<
  OperationTable,
  | 'gossip-key.list'
  | 'gossip-key.watch'
  | 'gossip-key.rotate'
  | 'gossip-key.ignore'
  | 'gossip-key.abort'
  | 'gossip-key.install'
  | 'gossip-key.use'
  | 'gossip-key.remove'
>;

const nodes = array(word, { maxItems: 10_000 });
const ignore = described(nodes, "nodes not to wait for while they are away or don't report their keys");
const fingerprint = described(
  { type: 'string', pattern: '^[0-9a-f]{4,16}$' },
  "a key's fingerprint, or its first digits (at least 4)",
);
const ofOneKey = object({ fingerprint, ignore }, ['ignore']);

/** The gossip keys: by fingerprints only, no operation takes or gives a key. */
export const gossipKeyOperations: GossipKeyOperations = {
  'gossip-key.list': {
    name: 'gossip-key.list',
    summary: 'The gossip keys by fingerprint, how many members hold and use each, and their rotation',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/gossip-keys' },
    input: nothing,
    output: view('GossipKeys'),
    run: async (_input, { services }) => services.gossipKeys.view(),
  },
  'gossip-key.watch': {
    name: 'gossip-key.watch',
    summary: 'The gossip keys, then each change of them and of their rotation',
    role: 'viewer',
    stream: true,
    http: { method: 'GET', path: '/gossip-keys/watch' },
    input: nothing,
    output: view('GossipKeys'),
    watch: (_input, { services, signal }) => watchGossipKeys(services, signal),
  },
  'gossip-key.rotate': {
    name: 'gossip-key.rotate',
    summary:
      'Begins to replace the gossip key on every member: installs a new one, uses it, removes the others',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/rotate' },
    input: options({ ignore }),
    output: view('GossipKeys'),
    audit: { input: ({ ignore: ignored = [] }) => ({ ignore: ignored }) },
    run: ({ ignore: ignored = [] }, { services, actor }) => services.gossipKeys.rotate(ignored, actor),
  },
  'gossip-key.ignore': {
    name: 'gossip-key.ignore',
    summary:
      'Lets the rotation that runs go on without nodes that are away or do not report their keys; they get the keys as they come back',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/ignore' },
    input: object({ nodes }),
    output: view('GossipKeys'),
    audit: { input: ({ nodes: names }) => ({ nodes: names }) },
    run: ({ nodes: names }, { services }) => services.gossipKeys.ignore(names),
  },
  'gossip-key.abort': {
    name: 'gossip-key.abort',
    summary: 'Ends the rotation that runs; the old and the new key stay installed',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/abort' },
    input: nothing,
    output: view('GossipKeys'),
    audit: { input: () => ({}) },
    run: (_input, { services }) => services.gossipKeys.abort(),
  },
  'gossip-key.install': {
    name: 'gossip-key.install',
    summary: 'Makes a new gossip key and installs it on every member; nobody uses it yet',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/install' },
    input: nothing,
    output: view('ChangedGossipKeys'),
    audit: { input: () => ({}) },
    run: (_input, { services }) => services.gossipKeys.install(),
  },
  'gossip-key.use': {
    name: 'gossip-key.use',
    summary: 'Makes an installed gossip key the primary one; refused while a member lacks it',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/:fingerprint/use' },
    input: ofOneKey,
    output: view('ChangedGossipKeys'),
    audit: { input: ({ fingerprint: key, ignore: ignored = [] }) => ({ fingerprint: key, ignore: ignored }) },
    run: ({ fingerprint: key, ignore: ignored = [] }, { services }) => services.gossipKeys.use(key, ignored),
  },
  'gossip-key.remove': {
    name: 'gossip-key.remove',
    summary: 'Removes a gossip key from every member; refused while a member may use it',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/gossip-keys/:fingerprint/remove' },
    input: ofOneKey,
    output: view('ChangedGossipKeys'),
    audit: { input: ({ fingerprint: key, ignore: ignored = [] }) => ({ fingerprint: key, ignore: ignored }) },
    run: ({ fingerprint: key, ignore: ignored = [] }, { services }) =>
      services.gossipKeys.remove(key, ignored),
  },
};
