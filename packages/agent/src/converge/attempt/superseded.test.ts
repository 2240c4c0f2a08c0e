import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GatePolicy, ManifestService } from '@shoal/common';
import { manifestHash } from '@shoal/common';
import type { Test } from 'tap';
import { t } from 'tap';
import { change, goodMinute, type Scene, scene } from '../drain/scene.test.support.js';
import { fetchText, manifestOf, notesOf, until } from '../harness.test.support.js';

/** Offers what runs while another manifest waits at `at`; resolves once it is all as before, and with how long that took, in milliseconds. */
async function takeBack(
  t: Test,
  s: Scene,
  [first, second]: readonly [ManifestService, ManifestService],
  at: () => boolean,
  gate?: GatePolicy,
): Promise<number> {
  await change(s, 1, [first]);
  s.host.events.length = 0;
  s.host.offer(manifestOf(2, second), false, gate);
  await until('it to wait', at);
  const begun = performance.now();
  const old = manifestOf(1, first);
  s.host.offer(old);
  await until('it to be as before', () => {
    const { state, runningHash } = s.host.converger.report();
    return state === 'IDLE' && runningHash === manifestHash(old);
  });
  const tookMs = performance.now() - begun;
  t.match(s.host.converger.report(), { failedHash: '', failure: null, draining: [] });
  t.equal(await fetchText(s.url), 'one');
  const told = s.host.events.filter(({ step }) => step === 'superseded');
  t.match(told, [{ kind: 'output', text: /another manifest was asked for/ }], 'it says why');
  return tookMs;
}

const patient: ManifestService['drain'] = { quiet: '20ms', settle: '50ms', timeout: '60s' };

t.test('an attempt that drains is given up for another manifest', async (t) => {
  const s = await scene(t, 18451);
  const services = [s.service('one'), s.service('two', {}, patient)] as const;
  await change(s, 1, [services[0]]);
  s.traffic.seen = Number.POSITIVE_INFINITY;
  const tookMs = await takeBack(t, s, services, () => s.host.converger.draining().includes('toy'));
  t.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
  t.strictSame(notesOf(s.directory), ['start'], 'nothing was touched');
});

t.test('one that waits for health goes back, drained until the old one is healthy', async (t) => {
  const s = await scene(t, 18452);
  const sick = s.service('two', { healthPath: '/healthz/none' });
  const services = [
    s.service('one'),
    { ...sick, health: sick.health && { ...sick.health, deadline: '60s' } },
  ];
  const waits = (): boolean => s.host.converger.report().state === 'GATING';
  const tookMs = await takeBack(t, s, services as [ManifestService, ManifestService], waits);
  t.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
  const undrained = s.told().filter((kind) => kind.startsWith('drain:done'));
  t.equal(undrained.length, 2, 'taken out of the load balancers once, and put back once');
});

t.test('one whose traffic is watched goes back at once, drained again', async (t) => {
  const s = await scene(t, 18453);
  s.traffic.before = goodMinute;
  const watches = (): boolean => s.host.kinds().includes('gate:started');
  const gate = { observeMs: 60_000 };
  const tookMs = await takeBack(t, s, [s.service('one'), s.service('two')], watches, gate);
  t.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
});

t.test('what only waits for something ends, what changes something goes on to its end', async (t) => {
  const s = await scene(t, 18454);
  const marker = join(s.directory, 'ran');
  const slow = [
    '{{ nodeBinary }}',
    '-e',
    `setTimeout(() => require('fs').writeFileSync('${marker}', ''), 1500)`,
  ];
  const steps: ManifestService['steps'] = [
    { type: 'exec', id: 'slow', command: slow, undo: ['mv', marker, `${marker}.undone`] },
    { type: 'wait', id: 'port', port: '127.41.0.1:9', timeout: '60s', interval: '30s' },
  ];
  const services = [s.service('one'), s.service('two', { steps })] as const;
  await takeBack(t, s, services, () => s.host.kinds().includes('slow:started'));
  t.ok(existsSync(`${marker}.undone`), 'the command had ended when it was undone');
  t.notOk(s.host.kinds().includes('port:started'), 'nothing more was begun');
  const tookMs = await takeBack(t, s, services, () => s.host.kinds().includes('port:output'));
  t.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
});

t.test('a third manifest is converged to once the second one is taken back', async (t) => {
  const s = await scene(t, 18455);
  await change(s, 1, [s.service('one')]);
  s.host.offer(manifestOf(2, s.service('two', { healthPath: '/healthz/none' })));
  await until('it to wait', () => s.host.converger.report().state === 'GATING');
  const report = await s.host.converge(manifestOf(3, s.service('three')));
  t.match(report, { runningRevision: 3, failedHash: '' });
  t.equal(await fetchText(s.url), 'three');
});

t.test('an offer that would not be acted upon interrupts nothing', async (t) => {
  const s = await scene(t, 18456);
  await change(s, 1, [s.service('one')]);
  const bad = manifestOf(2, s.service('bad'));
  await s.host.converge(bad);
  s.traffic.before = goodMinute;
  const good = manifestOf(3, s.service('three'));
  s.host.offer(good, false, { observeMs: 1500 });
  await until('it to be watched', () => s.host.kinds().includes('gate:started'));
  s.host.offer(bad);
  await until('the gate to be passed', () => s.host.kinds().includes('gate:done'));
  t.notOk(s.host.kinds().includes('superseded:output'));
});
