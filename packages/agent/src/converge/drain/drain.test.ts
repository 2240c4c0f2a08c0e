import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GatePolicy, ManifestService, MemberView } from '@shoal/common';
import t from 'tap';
import type { TrafficReader, TrafficWindow } from '../../observe/traffic/window.js';
import { FactsSchedule } from '../facts-schedule.js';
import type { TestHost, Toy } from '../harness.test.support.js';
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
import { drainProgress } from './progress.js';
import { servedElsewhere } from './served-elsewhere.js';

type Case = { testdir(): string; teardown(f: () => unknown): void };

const program = fileURLToPath(new URL('../agent.test.support.js', import.meta.url));

function other(svc = 'toy:h', drain = ''): MemberView {
  return { ...member('two', '127.41.0.2'), tags: { svc, ...(drain === '' ? {} : { drain }) } };
}

/** What the test says that the service's traffic is. */
class FakeTraffic implements TrafficReader {
  before: TrafficWindow | undefined = { ms: 60_000, requests: 6000, errors: 0, latency: [] };
  after: TrafficWindow = { ms: 0, requests: 0, errors: 0, latency: [] };
  seen: number | undefined;

  /** The window before a change is asked for a minute, that after it for less. */
  window(_service: string, since: number, until: number): TrafficWindow | undefined {
    return until - since >= 60_000 ? this.before : this.after;
  }

  lastSeen(): number | undefined {
    return this.seen;
  }
}

interface Scene {
  readonly host: TestHost;
  readonly traffic: FakeTraffic;
  readonly directory: string;
  readonly url: string;
  /** A toy that drains, and restarts with each new body. */
  service(body: string, more?: Partial<Toy>, drain?: ManifestService['drain']): ManifestService;
  /** What `report().draining` was at each step event, as `step:kind draining`. */
  told(): string[];
}

async function scene(t: Case, port: number, members: MemberView[] = [other()]): Promise<Scene> {
  const directory = t.testdir();
  const traffic = new FakeTraffic();
  const host = await startHost(t, {
    dataDir: `${directory}/data`,
    traffic,
    address: '127.41.0.1',
    members: [member('one', '127.41.0.1'), ...members],
  });
  return {
    host,
    traffic,
    directory,
    url: `http://127.41.0.1:${port}/`,
    service: (body, more = {}, drain = { quiet: '20ms', settle: '50ms', timeout: '10s' }) =>
      drainingToy({ directory, port, body, address: '127.41.0.1', ...more }, drain),
    told: () => host.kinds().filter((kind) => /^(drain|gate|health|run|remove|config):/.test(kind)),
  };
}

function drainingToy(toy: Toy, drain: ManifestService['drain'] = {}): ManifestService {
  const service = toyService(toy);
  const { reloadSignal: _, ...process } = service.process;
  return { ...service, process, drain };
}

const quick: GatePolicy = { observeMs: 600 };

/** Offers with a policy of the gate, and waits for the outcome. */
async function change(s: Scene, revision: number, services: ManifestService[], gate = quick) {
  const manifest = manifestOf(revision, ...services);
  s.host.events.length = 0;
  const hash = s.host.offer(manifest, false, gate);
  return until('the outcome', () => {
    const report = s.host.converger.report();
    const ended = report.state === 'IDLE' || report.state === 'FAILED';
    return ended && [report.runningHash, report.failedHash].includes(hash) ? report : undefined;
  });
}

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
  t.equal(servedElsewhere([other()], 'one', 'toy'), true);
  for (const absent of [
    other('toy:u'),
    other('api:h'),
    other('toy:h', 'toy'),
    other('toy:h', '*'),
    other(''),
  ]) {
    t.equal(servedElsewhere([absent], 'one', 'toy'), false, JSON.stringify(absent.tags));
  }
  t.equal(servedElsewhere([other()], 'two', 'toy'), false, 'oneself is nobody else');
  t.end();
});

t.test('changes of the members are gathered, and looked at so often at most', async (t) => {
  const looks: number[] = [];
  const schedule = new FactsSchedule(50, () => looks.push(performance.now()));
  t.teardown(() => schedule.stop());
  const begun = performance.now();
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

t.test('traffic that is worse than before takes the change back, drained again', async (t) => {
  const s = await scene(t, 18403);
  await change(s, 1, [s.service('one')]);
  s.traffic.after = { ms: 0, requests: 100, errors: 80, latency: [] };
  const report = await change(s, 2, [s.service('two')], { observeMs: 60_000 });
  t.match(report, { runningRevision: 1, failedRevision: 2, state: 'FAILED', draining: [] });
  t.match(report.failure, { service: 'toy', step: 'gate', undone: true });
  t.match(
    report.failure?.message,
    /^80 % of 100 requests failed in the .* after the change, 0 % of 6000 before/,
  );
  t.equal(await fetchText(s.url), 'one');
  const after = s.told().slice(s.told().indexOf('gate:failed'));
  t.strictSame(after, ['gate:failed', 'drain:started', 'drain:done', 'config:undone', 'drain:done']);
  t.equal(notesOf(s.directory).filter((note) => note === 'start').length, 3);
  t.strictSame(s.host.converger.draining(), []);
});

t.test('a service that doesn’t become healthy is drained until its old self is', async (t) => {
  const s = await scene(t, 18404);
  await change(s, 1, [s.service('one')]);
  const { health, ...rest } = s.service('two', { healthPath: '/healthz/never' });
  const ill = { ...rest, health: health && { ...health, deadline: '300ms' } };
  const report = await change(s, 2, [ill]);
  t.match(report.failure, { step: 'health', undone: true });
  const after = s.told().slice(s.told().indexOf('health:failed'));
  t.strictSame(after, ['health:failed', 'config:undone', 'drain:done'], 'it was out all the time');
  t.equal(await fetchText(s.url), 'one');
  t.strictSame(s.host.converger.draining(), []);
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
  const changing = change(s, 2, [lb(18410), s.service('two')]);
  await until('it to drain', () => s.host.converger.draining().includes('toy'));
  s.host.members = [own('toy'), other()];
  await until('the load balancer to follow', async () => (await pool()) === 'two');
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

t.test('changed members that break a service are taken back, and leave nothing drained', async (t) => {
  const s = await scene(t, 18412);
  const service = s.service('{{ members.size }}');
  const steps = service.steps.map((step) =>
    step.type === 'file' && step.content !== undefined
      ? { ...step, content: step.content.replace('{{ params.body | json }}', '"{{ members.size }}"') }
      : step,
  );
  const { health } = service;
  const url = `http://127.41.0.1:18412/{% if members.size > 2 %}healthz/no{% endif %}`;
  const breaks = { ...service, steps, health: health && { ...health, url, deadline: '300ms' } };
  await change(s, 1, [breaks]);
  t.equal(await fetchText(s.url), '2');
  s.host.events.length = 0;
  s.host.members = [...s.host.members, { ...other(), name: 'three' }];
  s.host.converger.factsChanged();
  await until('it to be taken back', () => s.told().filter((kind) => kind === 'drain:done').length === 2);
  await until('the end', () => s.host.converger.report().state === 'IDLE');
  t.strictSame(s.host.converger.draining(), []);
  t.match(s.host.converger.report(), { runningRevision: 1, failedHash: '' });
  t.equal(await fetchText(s.url), '2', 'what ran goes on');
  t.ok(s.told().includes('health:failed'));
});

t.test('probes must answer in a gate, and are not asked otherwise', async (t) => {
  const asked: string[] = [];
  const directory = t.testdir();
  const host = await startHost(t, {
    dataDir: `${directory}/data`,
    address: '127.41.0.1',
    probe: async ({ url }) => {
      asked.push(url);
      return { healthy: !url.includes('broken'), detail: `GET ${url}` };
    },
  });
  const toy = toyService({ directory, port: 18406, body: 'one', address: '127.41.0.1' });
  const probed = (body: string, path: string): ManifestService => ({
    ...toy,
    params: { body },
    health: toy.health && { ...toy.health, deadline: '200ms', probes: [`http://127.41.0.1:18406/${path}`] },
  });
  await host.converge(manifestOf(1, probed('one', 'api')));
  t.ok(asked.some((url) => url.endsWith('/api')));
  const watched = asked.length;
  await until('the continuous watch', () => asked.length > watched + 3);
  t.notOk(asked.slice(watched).some((url) => url.endsWith('/api')));
  const report = await host.converge(manifestOf(2, probed('two', 'broken')));
  t.match(report.failure, { step: 'health', message: /GET .*\/broken/, undone: true });
});

t.test(
  'an agent that is killed while it drains has a successor that tells the same, and ends it',
  async (t) => {
    const directory = t.testdir();
    const dataDir = `${directory}/data`;
    const slow = { quiet: '20ms', settle: '10m', timeout: '20m' };
    const toy = (body: string) => drainingToy({ directory, port: 18407, body, address: '127.41.0.1' }, slow);
    const manifests = [manifestOf(1, toy('one')), manifestOf(2, toy('two'))];
    const input = JSON.stringify({ dataDir, manifests, members: [member('one', '127.41.0.1'), other()] });
    const agent = spawn(process.execPath, [program, input], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    agent.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const exited = new Promise((resolve) => agent.on('exit', resolve));
    await until('it to drain', () => said.includes('drain:started')).finally(() => agent.kill('SIGKILL'));
    await exited;
    t.equal(await fetchText('http://127.41.0.1:18407/'), 'one');

    const host = await startHost(t, {
      dataDir,
      address: '127.41.0.1',
      members: [member('one', '127.41.0.1'), other()],
    });
    t.strictSame(host.converger.draining(), ['toy'], 'from its start');
    await until('it to drain again', () => host.kinds().includes('drain:started'));
    await host.converger.stop();
    t.ok(existsSync(`${dataDir}/converge/attempt/journal`), 'stopped while it drains: the next one goes on');

    const last = await startHost(t, { dataDir, address: '127.41.0.1' });
    await until('the end', () => last.converger.report().runningRevision === 2);
    t.ok(last.kinds().includes('drain:output'), 'nobody else serves any more');
    t.strictSame(last.converger.draining(), []);
    t.equal(await fetchText('http://127.41.0.1:18407/'), 'two');
  },
);

t.test('what an operator drained stays so across restarts, and changes at once', async (t) => {
  const s = await scene(t, 18408);
  await change(s, 1, [s.service('one')]);
  await s.host.converger.drain(['*']);
  t.strictSame(s.host.converger.draining(), ['*']);
  t.strictSame(s.host.converger.report().draining, ['toy']);
  await change(s, 2, [s.service('two', {}, { settle: '10m' })]);
  t.strictSame(s.told()[0], 'drain:output', 'no need to wait');
  t.notOk(s.told().includes('gate:started'), 'and no traffic to judge');
  t.strictSame(s.host.converger.draining(), ['*']);
  await s.host.converger.stop();
  const again = await startHost(t, { dataDir: s.host.dataDir, address: '127.41.0.1' });
  t.strictSame(again.converger.draining(), ['*']);
  await again.converger.drain([]);
  t.strictSame(again.converger.draining(), []);
});
