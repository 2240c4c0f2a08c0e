import type { NodeView } from '@shoal/common';
import { test } from 'tap';
import { loadLogic } from './console-logic.js';

/** What is tested here of the console: how it tells things. */
interface Logic {
  relativeTime(at: number, now: number): string;
  hourAndMinute(at: number, now: number): string;
  lasting(since: number, now: number): string;
  verdict(node: Partial<NodeView>): string;
  withoutLink(node: Partial<NodeView>): string | undefined;
  rotationState(view: object, now: number): { kind: string; others?: readonly string[]; isStuck?: boolean };
  formatBytes(bytes: number): string;
  possibleActions(rollout: object, isNewest: boolean): readonly string[];
  wasUndone(rollout: object): boolean;
  batchesOf(nodes: readonly object[]): readonly { number: number; nodes: readonly object[] }[];
  messageParts(message: string): readonly {
    kind: string;
    text: string;
    at?: number;
    to?: string;
    command?: string;
  }[];
  drainState(node: object): { isAsked: boolean; title: string; detail: string } | undefined;
  servedElsewhere(service: string, name: string, nodes: readonly object[]): boolean;
  typeWords(schema: object): string;
  limitWords(schema: object): readonly string[];
}

const logic = await loadLogic<Logic>([
  'lib/time',
  'lib/draining',
  'lib/format',
  'lib/gossip-keys',
  'lib/last-known',
  'lib/message-parts',
  'lib/parameter-words',
  'lib/rollout-words',
]);

test('times and sizes are told in one unit', async (t) => {
  const now = 1_000_000_000;
  t.equal(logic.relativeTime(now - 3_000, now), 'just now');
  t.equal(logic.relativeTime(now - 59_000, now), '59 s ago');
  t.equal(logic.relativeTime(now - 150_000, now), '3 min ago');
  t.equal(logic.relativeTime(now + 3_600_000, now), 'in 1 h');
  t.equal(logic.relativeTime(now - 72 * 3_600_000, now), '3 d ago');
  t.equal(logic.lasting(now - 44_000, now), 'for 44 s');
  t.equal(logic.lasting(now + 2_000, now), 'for a moment');
  t.equal(logic.formatBytes(999), '999 B');
  t.equal(logic.formatBytes(1_400_000_000), '1.4 GB');
});

test('what was last known of a node without a link is told as past', async (t) => {
  const good = { hash: 'a', revision: 1 };
  const node = (change: Partial<NodeView>) =>
    logic.verdict({ connected: false, desired: good, running: good, failed: null, ...change });
  t.equal(node({ connected: true }), 'It runs what it shall');
  t.equal(node({}), 'It ran what it should');
  t.match(node({ running: { hash: 'b', revision: 2 } }), /^It didn’t run yet/);
  t.match(node({ running: null }), /^It ran nothing/);
  t.equal(node({ desired: null }), 'Nothing is desired of this node yet');
  t.match(logic.withoutLink({ connected: false, member: 'dead' }), /the gossip says dead/);
  t.match(logic.withoutLink({ connected: false, member: 'left' }), /the gossip says left/);
  t.match(logic.withoutLink({ connected: false, member: null }), /doesn’t know the node/);
  t.equal(logic.withoutLink({ connected: true, member: 'alive' }), undefined);
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 3).getTime();
  t.equal(logic.hourAndMinute(at(21, 14), at(21, 16)), '14:03');
  t.equal(logic.hourAndMinute(at(20, 14), at(21, 16)), 'Nov 20, 14:03');
});

test('a rotation of the gossip key is stuck by who is away, or by time', async (t) => {
  const keys = ['a', 'b', 'c'].map((fingerprint, index) => ({
    fingerprint,
    state: ['primary', 'installed', 'removed'][index],
  }));
  const running = { stage: 'installing', stageAt: 0, endedAt: null, waitingFor: [] as object[] };
  const state = (rotation: object | null, now = 0) => logic.rotationState({ keys, rotation }, now);
  t.match(state(null), { kind: 'none', others: ['b'] });
  t.match(state({ ...running, stage: 'done', endedAt: 1 }), { kind: 'none' });
  t.match(state({ ...running, stage: 'aborted', endedAt: 1 }), { kind: 'aborted', others: ['b'] });
  t.match(state(running), { kind: 'running', isStuck: false });
  t.match(state({ ...running, waitingFor: [{ member: 'n', why: 'away' }] }), { isStuck: true });
  const slow = { ...running, waitingFor: [{ member: 'n', why: 'lacks-new' }] };
  t.match(state(slow, 1_000), { isStuck: false });
  t.match(state(slow, 61_000), { isStuck: true });
});

test('of a rollout only what is possible now can be asked', async (t) => {
  const ask = (status: string, change: object = {}) =>
    logic.possibleActions({ status, undone: false, nodes: [], ...change }, true);
  const changed = [{ startedAt: 1, previous: 2, status: 'failed' }];
  t.same(ask('running'), ['pause', 'abort']);
  t.same(ask('awaiting-promotion'), ['promote', 'pause', 'abort']);
  t.same(ask('failed', { nodes: changed }), ['retry', 'undo']);
  t.same(ask('failed', { nodes: changed, undone: true }), ['retry']);
  t.same(ask('aborted', { nodes: [{ startedAt: null, previous: 2 }] }), ['retry'], 'nothing to undo');
  t.same(ask('succeeded'), []);
  t.same(ask('succeeded', { nodes: changed }), ['retry'], 'a node that came late failed');
  t.same(logic.possibleActions({ status: 'running', nodes: [] }, false), [], 'not the newest');
  const undone = (...nodes: object[]) => logic.wasUndone({ undone: true, nodes });
  t.equal(undone({ status: 'undone', failure: null }), true);
  t.equal(undone({ status: 'failed', failure: {} }), true);
  t.equal(undone({ status: 'failed', failure: { untouched: true } }), false, 'nothing was touched');
  const batches = logic.batchesOf([{ batch: 2 }, { batch: 0 }, { batch: 1 }, { batch: 2 }]);
  t.match(
    batches.map(({ number, nodes }) => [number, nodes.length]),
    [
      [1, 1],
      [2, 2],
      [0, 1],
    ],
  );
});

test('commands and times in messages are told apart from words', async (t) => {
  const parts = logic.messageParts(
    'Anna paused it at 2026-11-21T10:00:00.000Z. Go on: shoal rollout resume.',
  );
  t.match(parts, [
    { kind: 'words', text: 'Anna paused it ' },
    { kind: 'time', at: Date.UTC(2026, 10, 21, 10) },
    { kind: 'words', text: '. Go on: ' },
    { kind: 'command', text: 'shoal rollout resume' },
    { kind: 'words', text: '.' },
  ]);
  for (const command of [
    'shoal rollout abort --keep --revision 12',
    'shoal license install FILE',
    'shoal license rm lic-7.b',
    'shoal revision restore NUMBER',
  ]) {
    t.match(
      logic.messageParts(`Try: ${command}.`),
      [{}, { kind: 'command', text: command }, { kind: 'words', text: '.' }],
      command,
    );
  }
  const asks =
    'on the host install more (shoal license install FILE), or install its successor: shoal license install FILE';
  const install = { kind: 'license', command: 'shoal license install FILE', to: '/license?install' };
  t.match(logic.messageParts(asks), [
    { text: 'on the host ' },
    { ...install, text: 'install more' },
    { kind: 'words', text: ', or ' },
    { ...install, text: 'install its successor' },
  ]);
  t.match(
    logic.messageParts('Install another: shoal license install FILE; remove this one: shoal license rm a-1'),
    [
      { ...install, text: 'Install another' },
      { kind: 'words', text: '; ' },
      { kind: 'license', text: 'remove this one', to: '/license?remove=a-1' },
    ],
  );
  t.match(logic.messageParts('Remove it: shoal license rm lic-7.b.'), [
    {
      kind: 'license',
      text: 'Remove it',
      command: 'shoal license rm lic-7.b',
      to: '/license?remove=lic-7.b',
    },
    { kind: 'words', text: '.' },
  ]);
  t.match(logic.messageParts('install the package'), [{ kind: 'words' }], 'no license is meant');
  const now = 'it ended 2026-11-21T10:00:00.000Z; it is 2026-11-21T11:00:00.000Z now';
  t.match(
    logic.messageParts(now),
    [{}, { kind: 'time' }, { kind: 'words', text: '; it is 2026-11-21T11:00:00.000Z now' }],
    'the time that it is stays as it is told',
  );
  t.same(logic.messageParts(''), []);
});

test('who drains a node, and whether others serve, is told', async (t) => {
  const services = [{ service: 'web', health: 'healthy' }];
  const node = { name: 'a', member: 'alive', connected: true, services, draining: [], drainAsked: [] };
  t.equal(logic.drainState(node), undefined);
  t.match(logic.drainState({ ...node, draining: ['web'] }), { isAsked: false, title: /for a change/ });
  const asked = { ...node, drainAsked: ['*'] };
  t.match(logic.drainState(asked), { isAsked: true, detail: /hasn’t confirmed it yet for web/ });
  t.match(logic.drainState({ ...asked, draining: ['web'] }), { isAsked: true, detail: '' });
  t.match(logic.drainState({ ...asked, connected: false }), { detail: /as it comes back/ });
  const others = (change: object) =>
    logic.servedElsewhere('web', 'a', [node, { ...node, name: 'b', ...change }]);
  t.equal(others({}), true);
  for (const change of [
    { name: 'a' },
    { member: 'dead' },
    { drainAsked: ['*'] },
    { draining: ['web'] },
    { services: [] },
    { services: [{ service: 'web', health: 'unhealthy' }] },
  ]) {
    t.equal(others(change), false, JSON.stringify(change));
  }
});

test('parameters are told in words', async (t) => {
  t.equal(logic.typeWords({ type: 'array', items: { type: 'string' } }), 'list of string');
  t.equal(logic.typeWords({ type: 'object', additionalProperties: { type: 'integer' } }), 'map of integer');
  t.same(logic.limitWords({ type: 'integer', minimum: 1, maximum: 9 }), ['1 to 9']);
  t.same(logic.limitWords({ type: 'string', enum: ['all', 'node'], pattern: '^x', minLength: 2 }), [
    'one of all, node',
    'at least 2 characters',
    'like ^x',
  ]);
  t.same(logic.limitWords({ type: 'array', items: { type: 'string', expected: 'a path' } }), ['each a path']);
});
