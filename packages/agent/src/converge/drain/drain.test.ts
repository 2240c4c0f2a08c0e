import type { ManifestService, MemberView } from '@shoal/common';
import t from 'tap';
import { systemClock } from '../clock.js';
import { FactsSchedule } from '../facts-schedule.js';
import {
  fetchText,
  manifestOf,
  member,
  notesOf,
  startHost,
  toyService,
  until,
} from '../harness.test.support.js';
import { Drains } from './drains.js';
import { elsewhere } from './elsewhere.js';
import { drainProgress } from './progress.js';
import { change, goodMinute, other, scene } from './scene.test.support.js';

t.test('when a service may be disturbed', (t) => {
  const drain = { on: 'restart', quietMs: 1000, settleMs: 3000, timeoutMs: 30_000 } as const;
  const table: readonly (readonly [number, number | undefined, string])[] = [
    [0, undefined, 'waiting'],
    [2999, undefined, 'waiting'],
    [2999, 60_000, 'waiting'],
    [3000, undefined, 'drained'],
    [3000, 1000, 'drained'],
    [3000, 999, 'waiting'],
    [29_999, 0, 'waiting'],
    [30_000, 0, 'timeout'],
  ];
  for (const [elapsedMs, sinceRequestMs, expected] of table) {
    t.equal(drainProgress(drain, { elapsedMs, sinceRequestMs }), expected, `${elapsedMs} ${sinceRequestMs}`);
  }
  t.equal(drainProgress({ ...drain, timeoutMs: 0 }, { elapsedMs: 2000, sinceRequestMs: 0 }), 'waiting');
  t.equal(elsewhere([other('toy:u'), other()], 'one', 'toy'), 'serves');
  for (const absent of [other('toy:u'), other('toy:h', 'toy'), other('toy:h', '*')]) {
    t.equal(elsewhere([absent], 'one', 'toy'), 'runs', JSON.stringify(absent.tags));
  }
  for (const nobody of [[other('api:h')], [other('')], []])
    t.equal(elsewhere(nobody, 'one', 'toy'), 'nowhere');
  t.equal(elsewhere([other()], 'two', 'toy'), 'nowhere', 'oneself is nobody else');
  t.end();
});

t.test('changes of the members are gathered, and looked at so often at most', async (t) => {
  const looks: number[] = [];
  const schedule = new FactsSchedule(50, () => looks.push(performance.now()));
  t.teardown(() => schedule.stop());
  schedule.changed();
  schedule.lookIn(0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal(looks.length, 0, 'not before the start');
  const begun = performance.now();
  schedule.start();
  for (let i = 0; i < 100; i += 1) schedule.changed();
  await until('the first look', () => looks.length > 0);
  t.ok((looks[0] ?? 0) - begun >= 45);
  schedule.changed();
  schedule.changed();
  await until('the second', () => looks.length > 1);
  t.ok((looks[1] ?? 0) - (looks[0] ?? 0) >= 95, 'twice the delay after the one before');
  t.equal(looks.length, 2, 'one for all that came until then');
  schedule.stop();
  schedule.changed();
  schedule.lookAgainIn(0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal(looks.length, 2);
});

t.test('attempts and operators drain independently of each other', (t) => {
  let changes = 0;
  const drains = new Drains(() => {
    changes += 1;
  });
  drains.ask(['web']);
  drains.begin('web');
  drains.begin('api');
  t.strictSame(drains.names, ['api', 'web']);
  drains.end('web');
  t.ok(drains.has('web'), 'an operator asked');
  drains.ask(['*']);
  t.strictSame(drains.names, ['*']);
  t.ok(drains.isAsked('anything'));
  drains.ask([]);
  drains.endAll();
  t.strictSame(drains.names, []);
  const before = changes;
  drains.endAll();
  drains.end('web');
  t.equal(changes, before, 'nothing to tell');
  t.end();
});

t.test('a restart waits until the service is drained, and it serves again only when healthy', async (t) => {
  const s = await scene(t, 18401);
  await change(s, 1, [s.service('one')]);
  t.notOk(
    s.told().some((kind) => kind.startsWith('drain')),
    'a new service serves nobody yet',
  );
  s.traffic.seen = Number.POSITIVE_INFINITY;
  s.traffic.before = goodMinute;
  const changing = change(s, 2, [s.service('two')]);
  await until('it to drain', () => s.host.converger.draining().includes('toy'));
  t.strictSame(s.host.converger.report().draining, ['toy']);
  await t.rejects(until('a change', () => s.host.kinds().includes('config:started'), 300));
  t.equal(await fetchText(s.url), 'one', 'requests still come, and are answered');
  s.traffic.seen = Date.now();
  s.traffic.after = { ms: 0, requests: 100, errors: 0, latency: [] };
  const report = await changing;
  t.match(report, { runningRevision: 2, draining: [] });
  t.equal(await fetchText(s.url), 'two');
  t.strictSame(s.told(), [
    'drain:started',
    'drain:done',
    'config:started',
    'config:done',
    'run:started',
    'run:done',
    'drain:done',
    'gate:started',
    'gate:done',
  ]);
  t.match(s.host.events.at(-1)?.text, /^100 requests in .*, 0 % failed \(0 % of 6000 before\)$/);
});

t.test('what needs no draining isn’t drained', async (t) => {
  const s = await scene(t, 18402);
  const reloads = (body: string, on: 'restart' | 'change' = 'restart'): ManifestService => {
    const drain = { on, quiet: '20ms', settle: '50ms' };
    return { ...toyService({ directory: s.directory, port: 18402, body, address: '127.41.0.1' }), drain };
  };
  const drained = () => s.told().filter((kind) => kind.startsWith('drain:')).length > 0;
  await change(s, 1, [reloads('one')]);
  await change(s, 2, [reloads('two')]);
  t.notOk(drained(), 'a reload');
  await change(s, 3, [reloads('three', 'change')]);
  t.ok(drained(), 'a reload, where the blueprint says that it disturbs');
  const bad = await change(s, 4, [reloads('bad', 'change')]);
  t.match(bad.failure, { step: 'config', undone: true });
  t.notOk(drained(), 'what its check refuses');
  s.host.members = [member('one', '127.41.0.1'), other('toy:u')];
  await change(s, 5, [reloads('five', 'change')]);
  t.strictSame(s.told().slice(0, 2), ['drain:output', 'config:started'], 'nobody else is there to serve');
  t.notOk(s.told().includes('health:output'), 'a reload leaves no gap');
  t.equal(await fetchText(s.url), 'five');
  await change(s, 6, [{ ...s.service('six'), health: reloads('six').health }]);
  const gap = s.host.events.find(({ step }) => step === 'health')?.text;
  t.match(gap, /^restarted in place: it answered nothing for at most (\d+s)?(\d+ms)?$/);
});

t.test('a service is drained after another one that is just coming back', async (t) => {
  const s = await scene(t, 18413, [other('toy:h', 'toy')]);
  const patient = { quiet: '20ms', settle: '2s', timeout: '10s' };
  await change(s, 1, [s.service('one', {}, patient)]);
  const changing = change(s, 2, [s.service('two', {}, patient)]);
  await t.rejects(until('it to drain', () => s.host.converger.draining().length > 0, 300));
  t.notOk(s.told().includes('config:started'));
  s.host.members = [member('one', '127.41.0.1'), other()];
  await until('it to drain', () => s.host.converger.draining().length > 0);
  await changing;
  t.equal(await fetchText(s.url), 'two');
});

t.test('what an operator took out just now is waited for, and stays out while it changes', async (t) => {
  const s = await scene(t, 18414);
  await change(s, 1, [s.service('one')]);
  s.traffic.seen = Number.POSITIVE_INFINITY;
  await s.host.converger.drain(['toy']);
  const changing = change(s, 2, [s.service('two')]);
  await until('it to wait', () => s.told().includes('drain:started'));
  await t.rejects(until('a change', () => s.host.kinds().includes('config:started'), 300));
  await s.host.converger.drain([]);
  t.strictSame(s.host.converger.draining(), ['toy'], 'taken back by the operator, and still changing');
  s.traffic.seen = undefined;
  await changing;
  t.equal(await fetchText(s.url), 'two');
  t.strictSame(s.host.converger.draining(), []);
});

t.test('an agent that knows of nobody yet waits for the others before it counts on none', async (t) => {
  const s = await scene(t, 18415);
  await change(s, 1, [s.service('one')]);
  await s.host.converger.stop();
  const options = { dataDir: s.host.dataDir, address: '127.41.0.1', traffic: s.traffic };
  const host = await startHost(t, options);
  const alone = host.members;
  let asked = 0;
  Object.defineProperty(host, 'members', {
    get: () => {
      asked += 1;
      return asked < 8 ? alone : [...alone, other()];
    },
  });
  const patient = { quiet: '20ms', settle: '3s', timeout: '10s' };
  await host.converge(manifestOf(2, s.service('two', {}, patient)));
  const [first] = host.events.filter(({ step }) => step === 'drain');
  t.match(first, { kind: 'started' }, 'it was drained, not changed in place');
  t.equal(await fetchText(s.url), 'two');
});

t.test('a clock that is set back while a service changes holds nothing up', async (t) => {
  const s = await scene(t, 18416);
  let skewMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + skewMs };
  await s.host.converger.stop();
  const options = { dataDir: s.host.dataDir, address: '127.41.0.1', traffic: s.traffic, clock };
  const members = [member('one', '127.41.0.1'), other()];
  const host = await startHost(t, { ...options, members });
  await host.converge(manifestOf(1, s.service('one')));
  const patient = { quiet: '20ms', settle: '500ms', timeout: '10s' };
  const ended = host.converge(manifestOf(2, s.service('two', {}, patient)));
  await until('it to drain', () => host.converger.draining().includes('toy'));
  skewMs = -3_600_000;
  await until('the gate', () => host.converger.report().state === 'GATING');
  skewMs = -7_200_000;
  const report = await ended;
  t.match(report, { runningRevision: 2, failure: null });
  t.equal(await fetchText(s.url), 'two');
});

t.test('a service that goes from the node is drained first', async (t) => {
  const s = await scene(t, 18405);
  await change(s, 1, [s.service('one')]);
  await change(s, 2, []);
  t.strictSame(s.told(), ['drain:started', 'drain:done', 'remove:started', 'remove:done']);
  t.strictSame(s.host.converger.report().draining, []);
  t.equal(await fetchText(s.url), undefined);
});

t.test('a load balancer on the same node hears of the draining before the service goes', async (t) => {
  const s = await scene(t, 18409);
  const lb = (port: number): ManifestService => {
    const balancer = toyService({
      name: 'lb',
      directory: s.directory,
      port,
      body: '',
      address: '127.41.0.1',
    });
    const body = '{{ members | serving: "toy" | map: "name" | join: "," | json }}';
    const content = `{ "address": "127.41.0.1", "port": ${port}, "body": ${body}, "digest": "{{ digest }}" }`;
    const steps = balancer.steps.map((step) => (step.type === 'file' ? { ...step, content } : step));
    return { ...balancer, steps };
  };
  const own = (drain = ''): MemberView => ({ ...member('one', '127.41.0.1'), tags: { svc: 'toy:h', drain } });
  const pool = () => fetchText('http://127.41.0.1:18410/');
  s.host.members = [own(), other()];
  await change(s, 1, [lb(18410), s.service('one')]);
  t.equal(await pool(), 'one,two');
  s.traffic.seen = Number.POSITIVE_INFINITY;
  const changing = change(s, 2, [s.service('two'), lb(18410)]);
  await until('it to drain', () => s.host.converger.draining().includes('toy'));
  s.host.members = [own('toy'), other()];
  await until('the load balancer to follow', async () => (await pool()) === 'two');
  s.host.members = [own('toy'), { ...other(), name: 'three' }, other()];
  await until('it to follow again', async () => (await pool()) === 'three,two');
  s.host.members = [own('toy'), other()];
  t.equal(await fetchText(s.url), 'one', 'the service waits until no request comes');
  s.traffic.seen = undefined;
  await changing;
  t.equal(await fetchText(s.url), 'two');
  s.host.members = [own(), other()];
  s.host.converger.factsChanged();
  await until('it to be back in the pool', async () => (await pool()) === 'one,two');
  t.strictSame(notesOf(s.directory, 'lb').slice(0, 1), ['start']);
  t.notOk(notesOf(s.directory, 'lb').slice(1).includes('start'), 'it was reloaded');
});
