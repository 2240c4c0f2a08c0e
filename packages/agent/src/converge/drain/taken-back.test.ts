import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ManifestService } from '@shoal/common';
import t from 'tap';
import {
  fetchText,
  manifestOf,
  member,
  notesOf,
  startHost,
  toyService,
  until,
} from '../harness.test.support.js';
import { change, drainingToy, goodMinute, other, scene } from './scene.test.support.js';

const program = fileURLToPath(new URL('../agent.test.support.js', import.meta.url));

t.test('traffic that is worse than before takes the change back, drained again', async (t) => {
  const s = await scene(t, 18403);
  await change(s, 1, [s.service('one')]);
  s.traffic.before = goodMinute;
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

t.test('a change that is tried again is judged by what was before it was tried first', async (t) => {
  const s = await scene(t, 18464);
  await change(s, 1, [s.service('one')]);
  s.traffic.before = goodMinute;
  s.traffic.after = { ms: 0, requests: 100, errors: 80, latency: [] };
  const bad = manifestOf(2, s.service('two'));
  await change(s, 2, [...bad.services], { observeMs: 60_000 });
  const atOf = (kind: string): number =>
    Number(s.host.events.find((event) => `${event.step}:${event.kind}` === kind)?.atMs);
  const [from, end] = [atOf('run:done'), atOf('gate:failed')];
  s.traffic.asked.length = 0;
  s.host.events.length = 0;
  s.host.offer(bad, true, { observeMs: 60_000 });
  await until('it to be tried again', () => s.host.kinds().includes('run:started'));
  const asked = s.traffic.asked;
  t.ok(asked.length > 0 && from < end);
  const touching = asked.filter((window) => window.since < end && window.until > from);
  t.strictSame(touching, [], 'not by the time in which it served');
  const ms = asked.reduce((sum, window) => sum + window.until - window.since, 0);
  t.ok(ms > 55_000 && ms <= 60_000, `${ms} ms all the same`);
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
  const breaks = { ...service, steps, health: health && { ...health, url, deadline: '4s' } };
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

t.test('what an operator drained stays so across changes and restarts', async (t) => {
  const s = await scene(t, 18408);
  await change(s, 1, [s.service('one')]);
  await s.host.converger.drain(['*']);
  t.strictSame(s.host.converger.draining(), ['*']);
  t.strictSame(s.host.converger.report().draining, ['toy']);
  await change(s, 2, [s.service('two')]);
  const drains = s.host.events.filter(({ step }) => step === 'drain').map(({ text }) => text);
  t.match(drains, [/^it is drained already/, /^drained after/, /^stays drained, as an operator asked/]);
  t.notOk(s.told().includes('gate:started'), 'and no traffic to judge');
  t.strictSame(s.host.converger.draining(), ['*']);
  await s.host.converger.stop();
  const again = await startHost(t, { dataDir: s.host.dataDir, address: '127.41.0.1' });
  t.strictSame(again.converger.draining(), ['*']);
  await again.converger.drain([]);
  t.strictSame(again.converger.draining(), []);
});
