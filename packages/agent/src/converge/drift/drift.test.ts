import { chmodSync, mkdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drift, Manifest, ManifestService } from '@shoal/common';
import { manifestHash } from '@shoal/common';
import type { Test } from 'tap';
import { t } from 'tap';
import type { RunCommand } from '../command.js';
import { runCommand } from '../command.js';
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

const address = '127.40.7.1';
const driftIntervalMs = 50;

function drifts(host: TestHost): Drift[] {
  return host.converger.report().drifts?.found ?? [];
}

/** Waits until just these steps are told as drifted. */
async function drifted(host: TestHost, ...steps: string[]): Promise<Drift[]> {
  await until(`drift of ${steps.join(', ') || 'nothing'}`, () => {
    return JSON.stringify(drifts(host).map(({ step }) => step)) === JSON.stringify(steps);
  });
  return drifts(host);
}

function repairing(service: ManifestService): ManifestService {
  return { ...service, drift: 'repair' };
}

interface Started {
  readonly host: TestHost;
  readonly directory: string;
  readonly config: string;
  readonly manifest: (revision: number, part?: Partial<Toy>) => Manifest;
}

async function toyHost(
  t: Test,
  port: number,
  as: (service: ManifestService) => ManifestService,
  options: { steps?: Toy['steps']; run?: RunCommand; mode?: string; files?: Record<string, string> } = {},
): Promise<Started> {
  const directory = t.testdir(options.files ?? {});
  const { steps = [], mode } = options;
  const host = await startHost(t, {
    dataDir: join(directory, 'data'),
    address,
    driftIntervalMs,
    ...(options.run === undefined ? {} : { run: options.run }),
  });
  const toy = { directory, address, port, body: 'one', steps, ...(mode === undefined ? {} : { mode }) };
  const manifest = (revision: number, part: Partial<Toy> = {}): Manifest =>
    manifestOf(revision, as(toyService({ ...toy, ...part })));
  await host.converge(manifest(1));
  return { host, directory, config: join(directory, 'toy.json'), manifest };
}

t.test('a changed, a removed and a reopened file and a removed directory are told, and left', async (t) => {
  const marker = join(t.testdirName, 'marker');
  const place = join(t.testdirName, 'place');
  const link = join(t.testdirName, 'link');
  const steps = [
    { type: 'directory', id: 'place', path: place },
    { type: 'file', id: 'marker', path: marker, content: 'a line\n' },
    { type: 'link', id: 'link', path: link, target: marker },
    { type: 'wait', id: 'wait', command: ['/usr/bin/test', '-e', place], timeout: '5s' },
  ] as const;
  const { host, config } = await toyHost(t, 18170, (service) => service, { steps });
  t.same(drifts(host), []);
  const good = readFileSync(config, 'utf8');
  writeFileSync(config, good.replace('"one"', '"other"'));
  const [first] = await drifted(host, 'config');
  t.match(first, {
    service: 'toy',
    policy: 'report',
    state: 'left',
    difference: /^-.*"other".*\n^\+.*"one"/m,
  });
  rmSync(marker);
  rmdirSync(place);
  rmSync(link);
  symlinkSync(config, link);
  await drifted(host, 'place', 'marker', 'link', 'config');
  writeFileSync(config, good);
  mkdirSync(place, { mode: 0o755 });
  chmodSync(place, 0o755);
  rmSync(link);
  symlinkSync(marker, link);
  await drifted(host, 'marker');
  writeFileSync(marker, 'a line\n');
  chmodSync(marker, 0o666);
  await until('the new difference', () => drifts(host)[0]?.difference?.includes('mode 0666 -> 0644'));
  chmodSync(marker, 0o644);
  await drifted(host);
  t.same(
    host.kinds().filter((kind) => kind.endsWith(':started')),
    ['place:started', 'marker:started', 'link:started', 'config:started', 'run:started'],
    'nothing was done about it',
  );
});

t.test('what group and others may not read is told without its content', async (t) => {
  const { host, config } = await toyHost(t, 18171, (service) => service, { mode: '0600' });
  writeFileSync(config, readFileSync(config, 'utf8').replace('"one"', '"a secret"'));
  const [drift] = await drifted(host, 'config');
  t.notMatch(drift?.difference, /secret|one/);
  t.match(drift?.difference, /content differs/);
});

t.test('no part of a secret is told, also where a difference is cut', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data'), address, driftIntervalMs });
  const value = 'hunter2-and-thirty-more-characters-of-it';
  const path = join(directory, 'open-to-all');
  const content = '{% for i in (1..200) %}{{ params.key }}{% endfor %}';
  const toy = toyService({ directory, address, port: 18180, body: 'one' });
  const manifest = manifestOf(1, {
    ...toy,
    params: { ...toy.params, key: { secret: 'key' } },
    secrets: [{ path: ['key'], name: 'key', version: 'v1' }],
    steps: [{ type: 'file', id: 'open', path, content }, ...toy.steps],
  });
  const secrets = [{ name: 'key', version: 'v1', value }];
  host.converger.offer(manifest, manifestHash(manifest), { retryFailed: false, secrets });
  await until('the manifest', () => host.converger.report().runningRevision === 1);
  t.ok(readFileSync(path, 'utf8').length > 4000);
  rmSync(path);
  const [drift] = await drifted(host, 'open');
  t.match(drift?.difference, /secret key/);
  t.notMatch(drift?.difference, 'hunter');
});

t.test('by policy it is put back, and the process runs with what was put back', async (t) => {
  const { host, config, directory } = await toyHost(t, 18172, repairing);
  // Whoever changed the file had the process take it.
  writeFileSync(config, readFileSync(config, 'utf8').replace('"one"', '"other"'));
  const pid = /\d+/.exec(readFileSync(join(directory, 'toy.notes'), 'utf8'))?.[0];
  process.kill(Number(pid), 'SIGHUP');
  await until('the file to be put back', () => readFileSync(config, 'utf8').includes('"one"'));
  await until('the process to take it', async () => (await fetchText(`http://${address}:18172/`)) === 'one');
  await drifted(host);
  t.match(host.converger.report(), { state: 'IDLE', runningRevision: 1, failedHash: '' });
  t.notOk(notesOf(directory).includes('stop'), 'by reloading');
  t.ok(host.kinds().includes('config:done'));
});

t.test('a repair that fails is undone, told, and not tried again at once', async (t) => {
  const guard = join(t.testdirName, 'guard');
  // Holds as long as the guard is there, and nothing makes it hold again.
  const steps = [
    { type: 'exec', id: 'guarded', command: ['/bin/false'], check: ['/usr/bin/test', '-e', guard] },
  ] as const;
  const { host, config } = await toyHost(t, 18173, repairing, { steps, files: { guard: '' } });
  const changed = readFileSync(config, 'utf8').replace('"one"', '"other"');
  rmSync(guard);
  await until('the failed repair', () => drifts(host)[0]?.state === 'failed');
  t.match(drifts(host), [{ step: 'guarded', detail: /guarded: .*false exited with 1/ }]);
  t.ok(Number(drifts(host)[0]?.retryAtMs) > Date.now() + 30_000);
  t.match(host.converger.report(), { state: 'IDLE', failedHash: '' }, 'the manifest did not fail');
  const failures = () => host.kinds().filter((kind) => kind === 'guarded:failed').length;
  t.equal(failures(), 1);
  writeFileSync(config, changed);
  await until('the other step to be repaired', () => readFileSync(config, 'utf8').includes('"one"'));
  t.equal(failures(), 1, 'what waits is not tried along with it');
  const outcome = await host.converger.repair('toy');
  t.match(outcome, { repaired: [], failure: { step: 'guarded', undone: true } }, 'an operator may');
  writeFileSync(guard, '');
  await drifted(host);
});

t.test('an operator has put back once what the policy leaves', async (t) => {
  const { host, config } = await toyHost(t, 18174, (service) => service);
  await t.rejects(host.converger.repair('other'), { code: 'failed_precondition' });
  t.same(await host.converger.repair(''), { repaired: [], failure: null });
  const good = readFileSync(config, 'utf8');
  writeFileSync(config, 'not even JSON');
  t.same(await host.converger.repair(''), { repaired: [{ service: 'toy', step: 'config' }], failure: null });
  t.equal(readFileSync(config, 'utf8'), good);
  await drifted(host);
});

t.test('what drifted, and since when, is known again after a restart', async (t) => {
  const { host, config, manifest } = await toyHost(t, 18185, (service) => service);
  const good = readFileSync(config, 'utf8');
  writeFileSync(config, good.replace('one', 'hand'));
  const [before] = await drifted(host, 'config');
  await host.converger.stop();
  const options = { dataDir: host.dataDir, address, driftIntervalMs };
  const again = await startHost(t, options);
  t.same(drifts(again), [before], 'at once, and since when');
  await until('a look', () => again.converger.report().state === 'IDLE');
  writeFileSync(config, good);
  await drifted(again);
  await again.converger.stop();

  const third = await startHost(t, options);
  t.same(drifts(third), [], 'what was put right is over');
  writeFileSync(config, good.replace('one', 'hand'));
  await drifted(third, 'config');
  await third.converger.stop();
  writeFileSync(join(host.dataDir, 'converge', 'drift.json'), '{"format":');
  const fourth = await startHost(t, options);
  await drifted(fourth, 'config');
  t.match(await fourth.converge(manifest(2, { body: 'two' })), { state: 'IDLE', failure: null });
  t.same(drifts(fourth), []);
});

t.test('a repair that restarts the process drains it first', async (t) => {
  const directory = t.testdir();
  const other = { ...member('two', '127.40.7.2'), tags: { svc: 'toy:h' } };
  const members = [member('one', address), other];
  const dataDir = join(directory, 'data');
  const host = await startHost(t, { dataDir, address, members, driftIntervalMs });
  const toy = toyService({ directory, address, port: 18179, body: 'one' });
  const { reloadSignal: _, ...process } = toy.process;
  const drain = { quiet: '20ms', settle: '20ms', timeout: '5s' };
  await host.converge(manifestOf(1, { ...toy, process, drain }));
  host.events.length = 0;
  const config = join(directory, 'toy.json');
  writeFileSync(config, readFileSync(config, 'utf8').replace('"one"', '"other"'));
  t.match(await host.converger.repair('toy'), { repaired: [{ step: 'config' }], failure: null });
  t.same(
    host.kinds().filter((kind) => /:(started|done)$/.test(kind)),
    ['drain:started', 'drain:done', 'config:started', 'config:done', 'run:started', 'run:done', 'drain:done'],
  );
  t.same(notesOf(directory), ['start', 'stop', 'start']);
  t.same(host.converger.draining(), []);
});

t.test('a new manifest overwrites what drifted, and its process takes it', async (t) => {
  const { host, config, manifest, directory } = await toyHost(t, 18175, (service) => service);
  writeFileSync(config, readFileSync(config, 'utf8').replace('"one"', '"other"'));
  await drifted(host, 'config');
  const marker = join(directory, 'marker');
  const steps = [{ type: 'file', id: 'marker', path: marker, content: 'new' }] as const;
  await host.converge(manifest(2, { steps }));
  t.match(readFileSync(config, 'utf8'), /"one"/);
  t.same(drifts(host), []);
  t.same(notesOf(directory), ['start', 'reload'], 'it may have been reloaded with what drifted');
});

t.test(
  'members that come and go are no drift, nor is it looked at while an attempt is under way',
  async (t) => {
    const members = join(t.testdirName, 'members');
    const steps = [
      { type: 'file', id: 'members', path: members, content: "{{ members | map: 'name' | join: ' ' }}" },
    ] as const;
    const asked: string[] = [];
    const run: RunCommand = (command, options) => {
      asked.push(command.join(' '));
      return runCommand(command, options);
    };
    const { host } = await toyHost(t, 18176, repairing, { steps, run });
    host.members = [member('one', address), member('two', '127.40.7.2')];
    await new Promise((resolve) => setTimeout(resolve, driftIntervalMs * 6));
    t.same(drifts(host), [], 'it would render to something else, but nobody changed it');
    t.equal(readFileSync(members, 'utf8'), 'one');
    host.converger.factsChanged();
    await until('the change of members', () => readFileSync(members, 'utf8') === 'one two');
    await drifted(host);
  },
);

t.test('after a restart of the agent it is seen again', async (t) => {
  const { host, config, directory } = await toyHost(t, 18177, (service) => service);
  await host.converger.stop();
  writeFileSync(config, readFileSync(config, 'utf8').replace('"one"', '"other"'));
  const next = await startHost(t, { dataDir: join(directory, 'data'), address, driftIntervalMs });
  await drifted(next, 'config');
});

t.test('a host at rest is looked at without running anything', async (t) => {
  const asked: string[] = [];
  const run: RunCommand = (command, options) => {
    asked.push(command.join(' '));
    return runCommand(command, options);
  };
  const group = 'root';
  const marker = join(t.testdirName, 'marker');
  const steps = [{ type: 'file', id: 'marker', path: marker, content: 'x', group }] as const;
  await toyHost(t, 18178, (service) => service, { steps, run });
  await until('the first look', () => asked.filter((line) => line === 'getent group root').length >= 4);
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, driftIntervalMs * 20));
  t.ok(asked.length - before <= 2, `${asked.length - before} commands in 20 looks`);
});
