import type {
  ClusterEvent,
  GossipKeysView,
  LicenseView,
  NodeView,
  RevisionView,
  RolloutView,
  StatusView,
  StepEventView,
} from '@shoal/common';
import { call } from '../api/operations.js';
import { watch } from '../api/watch.js';
import { createStore, type Store } from './store.js';

/** How the live connection stands. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly message: string; readonly since: number; readonly retryAt: number };

/** What is known of the cluster, kept up by the controller's events. */
export interface ClusterState {
  readonly connection: Connection;
  /** The nodes were read at least once: an empty list means that there are none. */
  readonly loaded: boolean;
  readonly nodes: ReadonlyMap<string, NodeView>;
  readonly rollouts: ReadonlyMap<number, RolloutView>;
  /** The newest revision that an event or a list told of. */
  readonly newest: RevisionView | null;
  /** Rises with each event about a revision: lists are read again. */
  readonly revisionEvents: number;
  /** The last steps' events, oldest first, at most 2000. */
  readonly steps: readonly StepEventView[];
  readonly status: StatusView | null;
  /** null: not read yet. */
  readonly gossipKeys: GossipKeysView | null;
}

const nothing: ClusterState = {
  connection: { kind: 'connecting' },
  loaded: false,
  nodes: new Map(),
  rollouts: new Map(),
  newest: null,
  revisionEvents: 0,
  steps: [],
  status: null,
  gossipKeys: null,
};

const stepLimit = 2000;
const statusEveryMs = 15_000;
const statusAfterMs = 500;

export const cluster: Store<ClusterState> = createStore(nothing);

/** The state after an event. */
export function applyEvent(state: ClusterState, event: ClusterEvent): ClusterState {
  switch (event.type) {
    case 'node':
      return { ...state, nodes: new Map(state.nodes).set(event.node.name, event.node) };
    case 'node-removed': {
      const nodes = new Map(state.nodes);
      nodes.delete(event.name);
      return { ...state, nodes };
    }
    case 'rollout':
      return { ...state, rollouts: new Map(state.rollouts).set(event.rollout.revision, event.rollout) };
    case 'revision': {
      const isNewest = state.newest === null || event.revision.number >= state.newest.number;
      return {
        ...state,
        newest: isNewest ? event.revision : state.newest,
        revisionEvents: state.revisionEvents + 1,
      };
    }
    case 'step':
      return { ...state, steps: [...state.steps, event.event].slice(-stepLimit) };
    case 'gossip-keys':
      return { ...state, gossipKeys: event.keys };
    case 'license':
      return withLicense(state, event.license);
    case 'member':
      return state;
  }
}

function withLicense(state: ClusterState, license: LicenseView): ClusterState {
  const { status } = state;
  if (status === null) return state;
  // What was said of the license before isn't so any more.
  const old = new Set(status.license.warnings.map(({ message }) => message));
  const warnings = [
    ...license.warnings.map(({ message }) => message),
    ...status.warnings.filter((warning) => !old.has(warning)),
  ];
  return { ...state, status: { ...status, tier: license.tier, license, warnings } };
}

/** The license as the controller just told it. */
export function takeLicense(license: LicenseView): void {
  cluster.update((state) => withLicense(state, license));
}

/** Follows the cluster until `signal` aborts. */
export function followCluster(signal: AbortSignal): void {
  cluster.set(nothing);
  let queue: ClusterEvent[] = [];
  /** Nodes that this connection's events told of: what a list says about them may be older. */
  let told = new Set<string>();
  /** Warnings and the running revision change with rollouts; read once for a burst of events. */
  let status: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    const events = queue;
    queue = [];
    cluster.update((state) => events.reduce(applyEvent, state));
  };
  watch(
    'event.watch',
    () => ({}),
    {
      onOpen: () => {
        told = new Set();
        void readAll(told, signal);
      },
      onData: (event) => {
        if (event.type === 'node') told.add(event.node.name);
        if (event.type === 'node-removed') told.add(event.name);
        if (event.type === 'revision' || event.type === 'rollout') {
          status ??= setTimeout(() => {
            status = undefined;
            void readStatus(signal);
          }, statusAfterMs);
        }
        if (queue.length === 0) setTimeout(flush, 30);
        queue.push(event);
      },
      onLost: (error, retryAt) =>
        cluster.update((state) => ({ ...state, connection: lost(state.connection, error.message, retryAt) })),
      onRefused: (error) =>
        cluster.update((state) => ({ ...state, connection: lost(state.connection, error.message, 0) })),
    },
    signal,
  );
  const poll = setInterval(() => void readStatus(signal), statusEveryMs);
  signal.addEventListener('abort', () => {
    clearInterval(poll);
    clearTimeout(status);
  });
}

function lost(before: Connection, message: string, retryAt: number): Connection {
  return { kind: 'lost', message, since: before.kind === 'lost' ? before.since : Date.now(), retryAt };
}

/** After each connection: what is there now, also what went away meanwhile. */
async function readAll(told: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  // Rollouts that went on while nobody listened would be shown as they were: forget them, pages read them again.
  cluster.update((state) => ({ ...state, connection: { kind: 'live' }, rollouts: new Map() }));
  try {
    const [{ nodes }] = await Promise.all([
      call('node.list', {}, signal),
      readNewestRevision(signal),
      readStatus(signal),
      readGossipKeys(signal),
    ]);
    cluster.update((state) => ({ ...state, loaded: true, nodes: mergeNodes(state.nodes, nodes, told) }));
  } catch {
    // The stream itself tells when the controller is away; it reads again with its next connection.
  }
}

/** The listed nodes, and of those that events told of since the list was asked for what the events said. */
function mergeNodes(
  held: ReadonlyMap<string, NodeView>,
  listed: readonly NodeView[],
  told: ReadonlySet<string>,
): ReadonlyMap<string, NodeView> {
  const merged = new Map<string, NodeView>();
  for (const node of listed) if (!told.has(node.name)) merged.set(node.name, node);
  for (const node of held.values()) if (told.has(node.name)) merged.set(node.name, node);
  return merged;
}

/** Asks which revision is the newest. */
export async function readNewestRevision(signal?: AbortSignal): Promise<void> {
  const [newest] = (await call('revision.list', { limit: 1 }, signal)).revisions;
  if (newest !== undefined)
    cluster.update((state) => applyEvent(state, { type: 'revision', revision: newest }));
}

async function readGossipKeys(signal: AbortSignal): Promise<void> {
  const before = cluster.get().gossipKeys;
  const gossipKeys = await call('gossip-key.list', {}, signal);
  // What an event told meanwhile is newer.
  cluster.update((state) => (state.gossipKeys === before ? { ...state, gossipKeys } : state));
}

/** Reads the cluster's name, tier and warnings; quiet when the controller is away. */
export async function readStatus(signal: AbortSignal): Promise<void> {
  try {
    const status = await call('status.get', {}, signal);
    cluster.update((state) => ({
      ...state,
      status,
      rollouts:
        status.rollout === null || state.rollouts.has(status.rollout.revision)
          ? state.rollouts
          : new Map(state.rollouts).set(status.rollout.revision, status.rollout),
    }));
  } catch {
    // As above.
  }
}
