import { createLogger, type Role, ShoalError } from '@shoal/common';
import t from 'tap';
import type { Actor } from '../services.js';
import { MemoryStore } from '../store/memory-store.js';
import { createDispatcher, type Dispatcher, type OperationObservation } from './dispatcher.js';
import { createFakeServices, type FakeServices } from './fake-services.test.support.js';
import { node, rollout, step } from './fake-views.test.support.js';

const { signal } = new AbortController();

function actor(role: Role): Actor {
  return { name: 'anna', role, door: 'grpc' };
}

interface Fixture {
  readonly services: FakeServices;
  readonly store: MemoryStore;
  readonly dispatcher: Dispatcher;
  readonly logged: string[];
  readonly observed: OperationObservation[];
}

function createFixture(): Fixture {
  const services = createFakeServices();
  const store = new MemoryStore();
  const logged: string[] = [];
  const observed: OperationObservation[] = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger({ name: 'test', level: 'info', destination });
  const observe = (observation: OperationObservation) => void observed.push(observation);
  const dispatcher = createDispatcher({ services, store, logger, now: () => 1000, observe });
  return { services, store, dispatcher, logged, observed };
}

async function outcomes({ dispatcher }: Fixture): Promise<readonly string[]> {
  return (await dispatcher.audit.list(100)).map(({ operation, outcome }) => `${operation} ${outcome}`);
}

t.test('wrong input is told with path, what was found and what was expected', async (t) => {
  const { dispatcher, services } = createFixture();
  const refused = async (name: string, input: unknown, message: string) =>
    t.rejects(dispatcher.call(name, input, actor('admin'), signal), { code: 'invalid_input', message }, name);
  const wrong = 'wrong input for';
  await refused(
    'token.create',
    { uses: 0 },
    `${wrong} token.create: uses: expected a number >= 1, found number 0`,
  );
  await refused(
    'token.create',
    { uses: '3' },
    `${wrong} token.create: uses: expected an integer, found string "3"`,
  );
  await refused('token.create', { use: 3 }, `${wrong} token.create: unknown key "use"; did you mean "uses"?`);
  await refused('node.get', {}, `${wrong} node.get: missing key "name"`);
  await refused('status.get', [], `${wrong} status.get: expected a mapping, found an empty list`);
  await refused('token.create', { ttl: '31d' }, 'ttl is 31d; expected 1m to 30d');
  await refused(
    'log.search',
    { since: 5, until: 4 },
    'found since 5 after until 4, expected since before until',
  );
  const error: unknown = await dispatcher
    .call('token.create', { uses: 0 }, actor('admin'), signal)
    .catch((e) => e);
  t.match(error, { problems: [{ path: '/uses', message: 'uses: expected a number >= 1, found number 0' }] });
  t.same(services.asked, [], 'nothing was asked of the services');
});

t.test('logs and samples of a node that there is not are refused', async (t) => {
  const { dispatcher, services } = createFixture();
  Object.assign(services.logs, { search: async () => ({ lines: [], truncated: false }) });
  Object.assign(services.stats, { latest: () => [] });
  const unknown = { code: 'not_found', message: 'no node "web9"' };
  const input = { node: 'web9' };
  await t.rejects(dispatcher.call('log.search', input, actor('viewer'), signal), unknown);
  await t.rejects(dispatcher.call('stat.latest', input, actor('viewer'), signal), unknown);
  const watched = dispatcher.watch('log.watch', input, actor('viewer'), signal)[Symbol.asyncIterator]();
  await t.rejects(watched.next(), unknown);
  t.same(await dispatcher.call('log.search', { node: node.name }, actor('viewer'), signal), {
    lines: [],
    truncated: false,
  });
});

t.test('an operation that is none is told apart', async (t) => {
  const { dispatcher } = createFixture();
  await t.rejects(dispatcher.call('node.lst', {}, actor('viewer'), signal), {
    code: 'not_found',
    message: 'no operation "node.lst"; did you mean "node.list"?',
  });
  await t.rejects(dispatcher.call('event.watch', {}, actor('viewer'), signal), { code: 'invalid_input' });
  const watched = dispatcher.watch('node.list', {}, actor('viewer'), signal)[Symbol.asyncIterator]();
  await t.rejects(watched.next(), {
    code: 'invalid_input',
    message: 'node.list answers once, not as a stream',
  });
});

t.test('what changes something is recorded, with its outcome and without secrets', async (t) => {
  const fixture = createFixture();
  const { dispatcher, services } = fixture;
  await dispatcher.call('token.create', { ttl: '2h' }, actor('admin'), signal);
  t.match(await dispatcher.audit.list(1), [
    {
      at: 1000,
      actor: 'anna',
      door: 'grpc',
      operation: 'token.create',
      input: { ttl: '2h', uses: 1 },
      outcome: 'ok',
    },
  ]);
  services.failNext(new ShoalError('failed_precondition', 'the node is needed'));
  await t.rejects(dispatcher.call('node.remove', { name: 'web1' }, actor('admin'), signal));
  await t.rejects(dispatcher.call('node.remove', { name: 'web1' }, actor('operator'), signal));
  t.same(await outcomes(fixture), [
    'node.remove permission_denied: node.remove needs the role admin; anna is operator',
    'node.remove failed_precondition: the node is needed',
    'token.create ok',
  ]);
  t.notMatch(JSON.stringify(await dispatcher.audit.list(10)), /shoal1\.secret/);
});

t.test('a record stands before the change', async (t) => {
  const fixture = createFixture();
  const { dispatcher, services, store } = fixture;
  const removing = services.nodes.remove;
  let before: readonly string[] = [];
  Object.assign(services.nodes, {
    remove: async (name: string, by: Actor) => {
      before = await outcomes(fixture);
      return removing(name, by);
    },
  });
  await dispatcher.call('node.remove', { name: 'web1' }, actor('admin'), signal);
  t.same(before, ['node.remove started']);
  const asked = services.asked.length;
  store.transact = async () => {
    throw new ShoalError('resource_exhausted', 'disk full');
  };
  await t.rejects(dispatcher.call('node.remove', { name: 'web1' }, actor('admin'), signal), {
    message: 'disk full',
  });
  t.equal(services.asked.length, asked, 'a change that cannot be recorded is not made');
});

t.test("a committed spec's record is the spec part's own; other outcomes are recorded here", async (t) => {
  const fixture = createFixture();
  const { dispatcher, services } = fixture;
  const spec = 'services: {secret: hunter2}';
  await dispatcher.call('spec.apply', { spec }, actor('operator'), signal);
  t.same(await outcomes(fixture), [], 'committed');
  await dispatcher.call('spec.apply', { spec, reason: 'same' }, actor('operator'), signal);
  services.failNext(new ShoalError('conflict', 'revision 3 is newer'));
  await t.rejects(dispatcher.call('spec.apply', { spec, basedOn: 2 }, actor('operator'), signal));
  t.same(await outcomes(fixture), ['spec.apply conflict: revision 3 is newer', 'spec.apply ok']);
  const [record] = await dispatcher.audit.list(1);
  t.match(record?.input, { basedOn: 2, specHash: /^[0-9a-f]{64}$/ });
  t.notMatch(JSON.stringify(record), /hunter2/);
});

t.test('what nobody foresaw is logged, not told', async (t) => {
  const { dispatcher, services, logged, observed } = createFixture();
  services.failNext(new TypeError('x is undefined at /secret/path'));
  await t.rejects(dispatcher.call('token.revoke', { id: 't1' }, actor('admin'), signal), {
    code: 'internal',
    message: 'a defect of the controller',
  });
  t.match(logged.join(''), /x is undefined/);
  t.match(observed, [{ operation: 'token.revoke', door: 'grpc', code: 'internal', stream: false }]);
});

t.test('event.watch begins with every node and misses no change after', async (t) => {
  const { dispatcher, services } = createFixture();
  const abort = new AbortController();
  const events = dispatcher.watch('event.watch', {}, actor('viewer'), abort.signal)[Symbol.asyncIterator]();
  const first = await events.next();
  services.emit({ type: 'node-removed', name: 'web1' });
  t.same(first.value, { type: 'node', node });
  t.same((await events.next()).value, { type: 'node-removed', name: 'web1' });
  const last = events.next();
  abort.abort();
  t.equal((await last).done, true);
  t.equal(services.readers(), 0);
});

t.test('rollout.watch tells one rollout until it ends', async (t) => {
  const { dispatcher, services } = createFixture();
  const watched = dispatcher.watch('rollout.watch', { revision: 2 }, actor('viewer'), signal);
  const later = { ...step, kind: 'done', at: 6 };
  const done = { ...rollout, status: 'succeeded' } as const;
  const told: unknown[] = [];
  for await (const event of watched) {
    told.push(event);
    if (told.length !== 2) continue;
    services.emit({ type: 'step', event: step });
    services.emit({ type: 'step', event: { ...step, revision: 9 } });
    services.emit({ type: 'step', event: later });
    services.emit({ type: 'rollout', rollout: { ...done, revision: 9 } });
    services.emit({ type: 'rollout', rollout: done });
  }
  t.same(told, [
    { type: 'step', event: step },
    { type: 'rollout', rollout },
    { type: 'step', event: later },
    { type: 'rollout', rollout: done },
  ]);
  t.equal(services.readers(), 0);
  const missing = dispatcher.watch('rollout.watch', { revision: 7 }, actor('viewer'), signal);
  await t.rejects(missing[Symbol.asyncIterator]().next(), { code: 'not_found' });
  t.equal(services.readers(), 0, 'also after a refusal');
});
