import type { RolloutRequestView } from '@shoal/common';
import type { OperationDefinition, OperationTable } from './definition.js';
import { array, count, described, flag, object, options, view } from './schema.js';
import { watchRollout } from './watches.js';

const revisionNumber = { type: 'integer', minimum: 1 };
const newest = described(revisionNumber, 'default: the newest rollout');
const expected = described(
  revisionNumber,
  "the rollout that is meant; refused when it isn't the newest one any more. Default: the newest",
);

type RequestName = `rollout.${RolloutRequestView['what']}`;
type RolloutOperations = Pick<OperationTable, 'rollout.get' | 'rollout.list' | 'rollout.watch' | RequestName>;

/** A row by which an operator asks something of the newest rollout. */
function request<N extends Exclude<RequestName, 'rollout.abort'>>(
  name: N,
  what: RolloutRequestView['what'],
  summary: string,
): OperationDefinition<N> {
  const row: OperationDefinition<'rollout.pause'> = {
    name: 'rollout.pause',
    summary,
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: `/rollout/${what}` },
    input: options({ revision: expected }),
    output: view('Rollout'),
    audit: { input: (input) => input, writtenByService: () => true },
    run: (input, { services, actor }) => services.rollouts.request({ ...input, what }, actor),
  };
  // The rows of these names differ in nothing else: their input and output are the same.
  return { ...row, name } as unknown as OperationDefinition<N>;
}

/** Rollouts: how they stand, and what an operator may ask of the newest one. */
export const rolloutOperations: RolloutOperations = {
  'rollout.get': {
    name: 'rollout.get',
    summary: "One rollout with its nodes and their steps' events",
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/rollout' },
    input: options({ revision: newest }),
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
    input: options({ revision: newest }),
    output: view('ClusterEvent'),
    watch: ({ revision }, { services, signal }) => watchRollout(services, revision, signal),
  },
  'rollout.pause': request('rollout.pause', 'pause', 'Lets nodes under way end and offers no other'),
  'rollout.resume': request('rollout.resume', 'resume', 'Goes on with a paused rollout'),
  'rollout.promote': request(
    'rollout.promote',
    'promote',
    'Brings the revision to the other batches: the canary is good',
  ),
  'rollout.retry': request(
    'rollout.retry',
    'retry',
    'Offers the revision again to nodes where it failed, was undone or had not arrived',
  ),
  'rollout.abort': {
    name: 'rollout.abort',
    summary: 'Ends a rollout and undoes what it changed',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/rollout/abort' },
    input: options({ revision: expected, keep: described(flag, 'nodes stay as they are') }),
    output: view('Rollout'),
    audit: { input: (input) => input, writtenByService: () => true },
    run: (input, { services, actor }) => services.rollouts.request({ ...input, what: 'abort' }, actor),
  },
};
