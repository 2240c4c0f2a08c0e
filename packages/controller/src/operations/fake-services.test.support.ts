import type { ClusterEvent, LogLine } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import type { ControllerServices } from '../services.js';
import { BoundedQueue } from '../store/bounded-queue.js';
import {
  blueprint,
  blueprintView,
  change,
  gossipKeys,
  installedLicense,
  license,
  logLine,
  node,
  revision,
  rollout,
  secret,
  step,
  token,
} from './fake-views.test.support.js';

/** What a fake was asked, and ways to make it do things. */
export interface FakeServices extends ControllerServices {
  readonly asked: { readonly what: string; readonly input: unknown }[];
  /** Tells every reader of `events`. */
  emit(event: ClusterEvent): void;
  /** Readers of `events` and `logs.follow` that stand. */
  readonly readers: () => number;
  /** Thrown by the next call that is noted in `asked`. */
  failNext(error: unknown): void;
}

type Note = (what: string, input: unknown) => void;

function fakeCluster(
  note: Note,
): Pick<ControllerServices, 'status' | 'license' | 'tokens' | 'nodes' | 'drifts' | 'members'> {
  return {
    status: async () => ({
      clusterId: 'c1',
      clusterName: 'shoal',
      version: '0.1.0',
      startedAt: 1,
      tier: 'free',
      license,
      revision: { running: 2, latest: 2 },
      nodes: { ok: 1 },
      leases: { active: 1 },
      drained: [{ node: 'web1', services: ['web'], by: 'ann', at: 1 }],
      rollout,
      warnings: ['disk is nearly full'],
    }),
    license: {
      view: () => license,
      preview: async (text) => {
        note('license.preview', text);
        return installedLicense;
      },
      install: async (text, actor) => {
        note('license.install', { text, actor });
        return installedLicense;
      },
      remove: async (id, actor) => {
        note('license.remove', { id, actor });
        return license;
      },
    },
    tokens: {
      create: async (options, actor) => {
        note('tokens.create', { options, actor });
        return { ...token, token: 'shoal1.secret' };
      },
      list: async () => [token],
      revoke: async (id) => {
        note('tokens.revoke', id);
        return { ...token, id, state: 'revoked' };
      },
    },
    nodes: {
      list: () => [node],
      get: (name) => {
        if (name === node.name) return node;
        throw new ShoalError('not_found', `no node "${name}"`, { hint: 'did you mean web1?' });
      },
      drain: async (name, service) => {
        note('nodes.drain', { name, service });
        return node;
      },
      undrain: async (name, service) => {
        note('nodes.undrain', { name, service });
        return node;
      },
      remove: async (name, actor, { keepGossipKey = false } = {}) => {
        note('nodes.remove', { name, actor, keepGossipKey });
        return { isRotating: !keepGossipKey };
      },
    },
    drifts: {
      list: (name) => node.drifts.map((drift) => ({ node: name ?? node.name, ...drift })),
      repair: async (name, service) => {
        note('drifts.repair', { name, service });
        return [{ service: service ?? 'web', step: 'config' }];
      },
    },
    members: {
      list: async (asker) => {
        note('members.list', asker);
        return [{ name: 'web1', address: 'a:1', state: 'alive', tags: {}, incarnation: 1, since: 1 }];
      },
    },
  };
}

function fakeGossipKeys(note: Note): Pick<ControllerServices, 'gossipKeys'> {
  const changed = (what: string) => async (fingerprint: string, ignored: readonly string[]) => {
    note(`gossipKeys.${what}`, { fingerprint, ignored });
    return { ...gossipKeys, fingerprint };
  };
  return {
    gossipKeys: {
      view: () => gossipKeys,
      rotate: async (ignored, actor) => {
        note('gossipKeys.rotate', { ignored, actor });
        return gossipKeys;
      },
      ignore: async (nodes) => {
        note('gossipKeys.ignore', nodes);
        return gossipKeys;
      },
      abort: async () => gossipKeys,
      install: async () => ({ ...gossipKeys, fingerprint: 'beef1234beef1234' }),
      use: changed('use'),
      remove: changed('remove'),
    },
  };
}

function fakeChanges(note: Note): Pick<ControllerServices, 'specs' | 'revisions' | 'rollouts'> {
  return {
    specs: {
      plan: async (input) => {
        note('specs.plan', input);
        const differences = [{ service: 'web', step: 'config', difference: '-80 +81', problem: '' }];
        const planned = {
          node: 'web1',
          action: 'change',
          services: ['web'],
          differences,
          note: '',
          refused: '',
        };
        return {
          basedOn: 2,
          against: 'revision 2',
          changes: [change],
          blueprints: [{ service: 'web', before: 'nginx@1.0.0', after: 'nginx@1.1.0' }],
          text: '-80',
          nodes: [planned],
          rollout: {
            strategy: 'one-by-one',
            batches: [['web1']],
            atOnce: 1,
            promoteAfterMs: null,
            onFailure: 'undo',
            gate: { observeMs: null, maxErrorRateIncrease: 0.01, maxLatencyIncrease: 0.5, minRequests: 20 },
            unwatched: [{ service: 'web', why: 'undrained' }],
          },
          secrets: [],
          warnings: [],
        };
      },
      apply: async (input, actor) => {
        note('specs.apply', { input, actor });
        return { revision: 3, changed: input.reason !== 'same' };
      },
      restore: async (input, actor) => {
        note('specs.restore', { input, actor });
        return { revision: 3, changed: true };
      },
    },
    revisions: {
      list: async (limit) => {
        note('revisions.list', limit);
        const { spec: _, ...view } = revision;
        return [view];
      },
      get: async () => revision,
      diff: async (from, to) => {
        note('revisions.diff', { from, to });
        return { from: 1, to: 2, changes: [change], secrets: [], text: '-80' };
      },
    },
    rollouts: {
      get: async (wanted) => {
        if (wanted === undefined || wanted === rollout.revision) return { ...rollout, events: [step] };
        throw new ShoalError('not_found', `no rollout of revision ${wanted}`);
      },
      list: async () => [rollout],
      request: async (request, actor) => {
        note('rollouts.request', { request, actor });
        return rollout;
      },
    },
  };
}

function fakeSecrets(note: Note): Pick<ControllerServices, 'secrets'> {
  return {
    secrets: {
      set: async (name, value, actor) => {
        note('secrets.set', { name, value, actor });
        return { ...secret, name };
      },
      list: async () => [secret],
      remove: async (name, force, actor) => {
        note('secrets.remove', { name, force, actor });
        return [2];
      },
    },
  };
}

function fakeBlueprints(note: Note): Pick<ControllerServices, 'blueprints'> {
  const { directory: _, ...definition } = blueprint;
  return {
    blueprints: {
      list: async () => ({
        blueprints: [blueprintView],
        problems: [
          { message: 'unknown key "x"', position: { file: '/b/x/blueprint.yaml', line: 1, column: 2 } },
        ],
      }),
      get: async (name) => {
        note('blueprints.get', name);
        return { ...blueprintView, blueprint: definition };
      },
      add: async (files, actor) => {
        note('blueprints.add', { files, actor });
        return { blueprint: blueprintView, added: true };
      },
      remove: async (name) => {
        note('blueprints.remove', name);
        return blueprintView;
      },
    },
  };
}

/** A reader's queue, in `set` while it stands. */
function queueIn<T>(set: Set<BoundedQueue<T>>, signal: AbortSignal): BoundedQueue<T> {
  const queue: BoundedQueue<T> = new BoundedQueue<T>(1000, () => set.delete(queue));
  set.add(queue);
  if (signal.aborted) queue.end();
  signal.addEventListener('abort', () => queue.end());
  return queue;
}

function fakeTelemetry(
  note: Note,
  followers: Set<BoundedQueue<LogLine>>,
): Pick<ControllerServices, 'logs' | 'stats'> {
  return {
    logs: {
      append: async () => 0,
      search: async (query) => {
        note('logs.search', query);
        return { lines: [logLine], truncated: false };
      },
      async *follow(query, signal) {
        note('logs.follow', query);
        yield logLine;
        yield* queueIn(followers, signal);
      },
    },
    stats: {
      append: async () => 0,
      query: async (query) => {
        note('stats.query', query);
        return [{ node: 'web1', metric: 'cpu.used', points: [[1, 0.5]] }];
      },
      latest: () => [{ node: 'web1', at: 1, values: { 'cpu.used': 0.5 } }],
    },
  };
}

/** Services that answer fixed views. */
export function createFakeServices(): FakeServices {
  const asked: { what: string; input: unknown }[] = [];
  const queues = new Set<BoundedQueue<ClusterEvent>>();
  const followers = new Set<BoundedQueue<LogLine>>();
  let failing: unknown;
  const note: Note = (what, input) => {
    asked.push({ what, input });
    const error = failing;
    failing = undefined;
    if (error !== undefined) throw error;
  };
  return {
    asked,
    emit: (event) => {
      for (const queue of queues) queue.push(event);
    },
    readers: () => queues.size + followers.size,
    failNext: (error) => {
      failing = error;
    },
    ...fakeCluster(note),
    ...fakeGossipKeys(note),
    ...fakeChanges(note),
    ...fakeSecrets(note),
    ...fakeBlueprints(note),
    ...fakeTelemetry(note, followers),
    events: (signal) => queueIn(queues, signal),
  };
}
