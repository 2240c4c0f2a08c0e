import { createHash } from 'node:crypto';
import type { OperationTable } from './definition.js';
import { array, count, described, flag, integer, object, options, view } from './schema.js';
import { watchRollout } from './watches.js';

/** Longest spec, in characters; the store holds at most 1 MiB a value. */
const longestSpec = 900_000;

const spec = described({ type: 'string', maxLength: longestSpec }, 'the spec as YAML text (cluster.yaml)');
const file = described(
  { type: 'string', maxLength: 500, default: 'cluster.yaml' },
  'name of the file that the text came from, for error messages',
);
const revisionNumber = { type: 'integer', minimum: 1 };

/** A spec can be large and may hold what a service keeps secret: its hash is recorded, the text is kept as the revision. */
function specHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type ChangeOperations = Pick<
  OperationTable,
  | 'spec.plan'
  | 'spec.apply'
  | 'revision.list'
  | 'revision.get'
  | 'revision.diff'
  | 'rollout.get'
  | 'rollout.list'
  | 'rollout.watch'
>;

/** The way of a change: plan, apply, revisions, rollouts. */
export const changeOperations: ChangeOperations = {
  'spec.plan': {
    name: 'spec.plan',
    summary: 'What a spec would change, without changing anything',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/spec/plan' },
    input: object({ spec, file, onNodes: described(flag, 'let the nodes dry-run it') }, ['file', 'onNodes']),
    output: view('Plan'),
    run: ({ spec, file = 'cluster.yaml', onNodes = false }, { services }) =>
      services.specs.plan({ spec, file, onNodes }),
  },
  'spec.apply': {
    name: 'spec.apply',
    summary: 'Commits a spec as the next revision and starts its rollout',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/spec/apply' },
    input: object(
      {
        spec,
        file,
        reason: described({ type: 'string', maxLength: 1000, default: '' }, 'why, for those who read later'),
        basedOn: described(
          { type: 'integer', minimum: 0 },
          'revision that the change was made against; a stale one is refused. Default: the newest',
        ),
      },
      ['file', 'reason', 'basedOn'],
    ),
    output: view('ApplyResult'),
    audit: {
      input: ({ spec, file, reason, basedOn }) => ({ specHash: specHash(spec), file, reason, basedOn }),
      writtenByService: ({ changed }) => changed,
    },
    run: ({ spec, file = 'cluster.yaml', reason = '', basedOn }, { services, actor }) =>
      services.specs.apply({ spec, file, reason, ...(basedOn === undefined ? {} : { basedOn }) }, actor),
  },
  'revision.list': {
    name: 'revision.list',
    summary: 'Revisions, newest first',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/revisions' },
    input: options({ limit: count(1, 1000, 100) }),
    output: object({ revisions: array(view('Revision')) }),
    run: async ({ limit = 100 }, { services }) => ({ revisions: await services.revisions.list(limit) }),
  },
  'revision.get': {
    name: 'revision.get',
    summary: 'One revision with its spec',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/revision' },
    input: options({ number: described(revisionNumber, 'default: the newest') }),
    output: view('RevisionDetail'),
    run: ({ number }, { services }) => services.revisions.get(number),
  },
  'revision.diff': {
    name: 'revision.diff',
    summary: 'What changed between two revisions',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/revision/diff' },
    input: options({
      from: described({ ...integer, minimum: 0 }, 'default: the one before `to`'),
      to: described(revisionNumber, 'default: the newest'),
    }),
    output: view('RevisionDiff'),
    run: ({ from, to }, { services }) => services.revisions.diff(from, to),
  },
  'rollout.get': {
    name: 'rollout.get',
    summary: "One rollout with its nodes and their steps' events",
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/rollout' },
    input: options({ revision: described(revisionNumber, 'default: the newest rollout') }),
    output: view('RolloutDetail'),
    run: ({ revision }, { services }) => services.rollouts.get(revision),
  },
  'rollout.list': {
    name: 'rollout.list',
    summary: 'Rollouts, newest first',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/rollouts' },
    input: options({ limit: count(1, 1000, 100) }),
    output: object({ rollouts: array(view('Rollout')) }),
    run: async ({ limit = 100 }, { services }) => ({ rollouts: await services.rollouts.list(limit) }),
  },
  'rollout.watch': {
    name: 'rollout.watch',
    summary: 'A rollout as it is, then each change and step of it; ends when the rollout ends',
    role: 'viewer',
    stream: true,
    http: { method: 'GET', path: '/rollout/watch' },
    input: options({ revision: described(revisionNumber, 'default: the newest rollout') }),
    output: view('ClusterEvent'),
    watch: ({ revision }, { services, signal }) => watchRollout(services, revision, signal),
  },
};
