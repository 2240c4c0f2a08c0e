import type { ClusterEvent, RolloutNodeView, RolloutView, StepEventView } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import { test } from 'tap';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { rolloutTable, rolloutText, stepLine } from '../output/rollout.js';
import { palette } from '../output/text.js';
import { type Asked, followRollout } from './follow-rollout.js';

const plain = palette({ isTTY: false });
const failure = { service: 'web', step: 'conf', message: 'no', output: '', undone: true };

function nodeOf(node: string, batch: number, part: Partial<RolloutNodeView> = {}): RolloutNodeView {
  return {
    node,
    status: 'pending',
    batch,
    previous: 1,
    startedAt: null,
    endedAt: null,
    failure: null,
    ...part,
  };
}

const began: RolloutView = {
  revision: 7,
  from: 6,
  status: 'running',
  strategy: 'canary',
  batches: 2,
  // Not past yet: always `0s ago`.
  startedAt: Date.now() + 3_600_000,
  endedAt: null,
  promoteAt: null,
  deadlineAt: null,
  undone: false,
  request: null,
  message: 'Batch 1 of 2: waits for a.',
  nodes: [nodeOf('a', 1, { status: 'offered', startedAt: 1 }), nodeOf('b', 2), nodeOf('c', 0)],
};
const promoted: RolloutView = {
  ...began,
  status: 'awaiting-promotion',
  message: 'A runs it. Awaits promotion: shoal rollout promote, or undo it: shoal rollout abort.',
  nodes: [
    nodeOf('a', 1, { status: 'succeeded', startedAt: 1000, endedAt: 3500 }),
    nodeOf('b', 2),
    nodeOf('c', 0),
  ],
};

const isView = (told: RolloutView | StepEventView | Error): told is RolloutView =>
  !(told instanceof Error) && 'nodes' in told;

/** What a command would print, and a client that tells these rollouts and steps: an error ends the stream. */
function fixture(
  streams: readonly (readonly (RolloutView | StepEventView | Error)[])[],
  { json = false, asOutput = false } = {},
) {
  const told = { out: '', notes: '' };
  const interrupt = new AbortController();
  const context = {
    json,
    paint: plain,
    print: (text: string) => {
      told.out += text;
    },
    note: (text: string) => {
      told.notes += `${text}\n`;
    },
    progress: (text: (paint: typeof plain) => string) => {
      if (!json) told.notes += text(plain);
    },
    showLine: (value: unknown, line: (value: never) => string) => {
      told.out += json ? `${JSON.stringify(value)}\n` : line(value as never);
    },
    show: (value: unknown, table: (value: never) => string) => {
      told.out += json ? JSON.stringify(value) : table(value as never);
    },
    interrupted: interrupt.signal,
  } as unknown as CommandContext;
  const left = streams.map((stream) => [...stream]);
  const last = streams.at(-1)?.findLast(isView);
  const client = {
    call: async () => ({ ...last, events: [] }),
    async *watch(): AsyncGenerator<ClusterEvent> {
      for (const view of left.shift() ?? []) {
        if (view instanceof Error) throw view;
        yield isView(view) ? { type: 'rollout', rollout: view } : { type: 'step', event: view };
      }
      if (left.length === 0) interrupt.abort();
    },
  } as unknown as ControllerClient;
  return { told, follow: (asked?: Asked) => followRollout(context, client, 7, { asked, asOutput }) };
}

test('a rollout is followed through its states, over a restart of the controller, to its end', async (t) => {
  const gone = new ShoalError('unavailable', 'gone');
  const ended: RolloutView = {
    ...promoted,
    status: 'succeeded',
    message: '',
    endedAt: began.startedAt + 12_300,
    nodes: promoted.nodes.map((node) => ({ ...node, status: 'succeeded' })),
  };
  const step = { node: 'a', revision: 7, service: 'web', step: 'run', kind: 'done', text: 'started', at: 1 };
  const streams = [
    [began, step, gone],
    [step, began, promoted, promoted, ended],
  ];
  const { told, follow } = fixture(streams, { asOutput: true });
  await follow();
  t.match(
    told.out,
    [
      'batch 1 of 2',
      'a: converging',
      '  a web/run done: started',
      'a: succeeded in 2.5 s',
      'awaiting-promotion: A runs it. Awaits promotion: shoal rollout promote, or undo it: shoal rollout abort.',
      'b: succeeded',
      'revision 7 (from 6): succeeded, canary, 2 batches, begun 0s ago, took 12.3 s',
    ].join('\n'),
    'nothing of c, which the change does not touch',
  );
  t.match(told.notes, /^The controller is away; nodes go on with what they do\./);
  const applied = fixture(streams);
  await applied.follow();
  t.match(applied.told.out, /^revision 7 \(from 6\): succeeded/, 'its end is the output');
  t.match(applied.told.notes, /^batch 1 of 2\na: converging\n/, 'the way there is progress');
  const json = fixture([[began, step, ended]], { json: true });
  await json.follow();
  t.equal(JSON.parse(json.told.out).status, 'succeeded', 'one document');
  t.equal(json.told.notes, '');
  const watched = fixture(streams, { json: true, asOutput: true });
  await watched.follow();
  const lines = watched.told.out.trimEnd().split('\n');
  t.strictSame(
    lines.map((line) => (JSON.parse(line) as ClusterEvent).type),
    ['rollout', 'step', 'rollout', 'rollout', 'rollout', 'rollout'],
    'an event a line, steps once',
  );
  t.match(JSON.parse(lines.at(-1) ?? ''), { rollout: { status: 'succeeded' } });
});

test('how it ends is told by the kind of error', async (t) => {
  const nodes = [nodeOf('a', 1, { status: 'failed', failure }), nodeOf('b', 2, { status: 'undone' })];
  const failed: RolloutView = {
    ...began,
    status: 'failed',
    undone: true,
    message: 'What it changed was undone.',
    nodes,
  };
  await t.rejects(fixture([[began, failed]]).follow(), {
    code: 'step_failed',
    message:
      /revision 7 was not rolled out\. What it changed was undone\.\nfailed on a, service web, step conf/,
  });
  const aborted: RolloutView = { ...failed, status: 'aborted', request: { what: 'abort', by: 'ann', at: 1 } };
  await t.rejects(fixture([[aborted]]).follow(), { code: 'conflict', message: /was aborted by ann/ });
  const asked = fixture([[aborted]]);
  await asked.follow('abort');
  t.match(asked.told.out, 'aborted, undone', 'what was asked for is no error');
  await fixture([[failed]]).follow('abort');
  const left: RolloutView = { ...aborted, undone: false };
  await fixture([[left]]).follow('keep');
  await t.rejects(fixture([[left]]).follow('abort'), { code: 'conflict' }, 'it could not be undone');
  await t.rejects(fixture([[{ ...began, status: 'superseded' }]]).follow(), { code: 'conflict' });
  await t.rejects(fixture([[began]]).follow(), {
    code: 'unavailable',
    message: 'No longer watched; the rollout of revision 7 goes on',
    hint: /shoal rollout watch/,
  });
  await t.rejects(fixture([[new ShoalError('not_found', 'no such')]]).follow(), { code: 'not_found' });
});

test('a step tells what it does, and what differs', async (t) => {
  const event = { node: 'a', revision: 7, service: 'web', step: 'run', kind: 'done', text: 'started', at: 1 };
  t.equal(stepLine(event, plain), '  a web/run done: started\n');
  const text = '--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-x\n+y\n';
  t.equal(
    stepLine({ ...event, kind: 'started', text }, plain),
    '  a web/run started\n    --- /a\n    +++ /a\n    @@ -1,1 +1,1 @@\n    -x\n    +y\n',
  );
});

test('what it waits for stands at the top; nodes by batch', async (t) => {
  t.equal(
    rolloutText(promoted, plain),
    `revision 7 (from 6): awaiting-promotion, canary, 2 batches, begun 0s ago
A runs it. Awaits promotion: shoal rollout promote, or undo it: shoal rollout abort.
BATCH  NODE  STATUS      TOOK
    1  a     succeeded  2.5 s
    2  b     pending        -
    -  c     pending        -
`,
  );
  t.match(rolloutText({ ...promoted, status: 'failed', undone: true }, plain), 'failed, undone');
  t.match(
    rolloutTable([promoted], plain),
    'REVISION  STATUS              UNDONE  STRATEGY  NODES   BEGUN   TOOK\n       7  awaiting-promotion  -       canary    1 of 3  0s ago     -\n',
  );
});
