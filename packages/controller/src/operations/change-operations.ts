import { createHash } from 'node:crypto';
import { rolloutStrategies } from '@shoal/common';
import type { OperationTable } from './definition.js';
import { array, count, described, flag, integer, object, options, view, word } from './schema.js';

/** Longest spec, in characters; the store holds at most 1 MiB a value. */
const longestSpec = 900_000;

const spec = described({ type: 'string', maxLength: longestSpec }, 'the spec as YAML text (cluster.yaml)');
const file = described(
  { type: 'string', maxLength: 500, default: 'cluster.yaml' },
  'name of the file that the text came from, for error messages',
);
const reason = described({ type: 'string', maxLength: 1000, default: '' }, 'why, for those who read later');
const basedOn = described(
  { type: 'integer', minimum: 0 },
  'revision that the change was made against; a stale one is refused. Default: the newest',
);
const strategy = described(
  { type: 'string', enum: rolloutStrategies },
  'how this rollout goes, instead of what the spec says; the revision keeps its text',
);
const revisionNumber = { type: 'integer', minimum: 1 };

/** A spec can be large and may hold what a service keeps secret: its hash is recorded, the text is kept as the revision. */
function specHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type ChangeOperations = Pick<
  OperationTable,
  'spec.plan' | 'spec.apply' | 'spec.restore' | 'revision.list' | 'revision.get' | 'revision.diff'
>;

/** The way of a change: plan, apply, revisions. */
export const changeOperations: ChangeOperations = {
  'spec.plan': {
    name: 'spec.plan',
    summary: 'What a spec would change, without changing anything',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/spec/plan' },
    input: object(
      {
        spec,
        file,
        onNodes: described(flag, 'let the nodes dry-run it'),
        nodes: described(array(word, { maxItems: 10_000 }), 'only these nodes dry-run it'),
      },
      ['file', 'onNodes', 'nodes'],
    ),
    output: view('Plan'),
    run: ({ spec, file = 'cluster.yaml', onNodes = false, nodes }, { services }) =>
      services.specs.plan({ spec, file, onNodes, ...(nodes === undefined ? {} : { nodes }) }),
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
        reason,
        basedOn,
        strategy,
      },
      ['file', 'reason', 'basedOn', 'strategy'],
    ),
    output: view('ApplyResult'),
    audit: {
      input: ({ spec, ...others }) => ({ specHash: specHash(spec), ...others }),
      writtenByService: ({ changed }) => changed,
    },
    run: ({ file = 'cluster.yaml', reason = '', ...input }, { services, actor }) =>
      services.specs.apply({ ...input, file, reason }, actor),
  },
  'spec.restore': {
    name: 'spec.restore',
    summary: "Commits an earlier revision's spec, with the blueprints that it had, as the next revision",
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/spec/restore' },
    input: object({ revision: revisionNumber, reason, basedOn, strategy }, ['reason', 'basedOn', 'strategy']),
    output: view('ApplyResult'),
    audit: { input: (input) => input, writtenByService: ({ changed }) => changed },
    run: (input, { services, actor }) => services.specs.restore(input, actor),
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
};
