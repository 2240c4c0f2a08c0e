import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { t } from 'tap';
import { runCommand } from './command.js';
import {
  fetchText,
  manifestOf,
  member,
  notesOf,
  startHost,
  toyService,
  until,
} from './harness.test.support.js';

const address = '127.40.0.1';

t.test('a manifest is converged, changed by reload, and left alone when it holds', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const toy = { directory, port: 18101 };
  const first = manifestOf(1, toyService({ ...toy, body: 'one' }));
  let report = await host.converge(first);
  t.match(report, { state: 'IDLE', runningRevision: 1, failedHash: '', failure: null });
  t.equal(await fetchText(`http://${address}:18101/`), 'one');
  await until('health to be known', () => host.converger.report().services?.[0]?.health === 'healthy');
  t.match(host.converger.report().services, [{ service: 'toy', process: 'running', restarts: 0 }]);
  t.same(host.kinds(), ['config:started', 'config:done', 'run:started', 'run:done']);

  report = await host.converge(manifestOf(2, toyService({ ...toy, body: 'two' })));
  t.equal(report.runningRevision, 2);
  t.equal(await fetchText(`http://${address}:18101/`), 'two');
  t.same(notesOf(directory), ['start', 'reload']);
  const diff =
    host.events.filter(({ step, kind }) => step === 'config' && kind === 'started').at(-1)?.text ?? '';
  t.match(diff, /^--- .*toy\.json\n/);
  t.match(diff, /\n-.*"one"/);
  t.match(diff, /\n\+.*"two"/);

  host.events.length = 0;
  host.offer(manifestOf(3, toyService({ ...toy, body: 'two' })));
  await until('the new number, all that changes', () => host.converger.report().runningRevision === 3);
  t.same(host.events, []);
  t.same(notesOf(directory), ['start', 'reload']);
});

t.test('a file that was found good is judged again only when something was changed since', async (t) => {
  const directory = t.testdir();
  const asked: string[] = [];
  const host = await startHost(t, {
    dataDir: join(directory, 'data'),
    run: (command, options) => {
      if (command[0] === 'true') asked.push(command[1] ?? '');
      return runCommand(command, options);
    },
  });
  const file = (id: string, content: string) => {
    return { type: 'file', id, path: join(directory, id), content, validate: ['true', id] } as const;
  };
  const toy = { directory, port: 18103, body: 'one', validate: false };
  await host.converge(manifestOf(1, toyService({ ...toy, steps: [file('a', '1'), file('b', '1')] })));
  t.same(asked, ['a', 'b', 'b'], 'the second one, because the first had taken its place');
  asked.length = 0;
  await host.converge(manifestOf(2, toyService({ ...toy, steps: [file('a', '1'), file('b', '2')] })));
  t.same(asked, ['b']);
  t.equal(readFileSync(join(directory, 'b'), 'utf8'), '2');
});

t.test('a file that its program refuses is refused before anything is touched', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const marker = join(directory, 'marker');
  const steps = [{ type: 'file', id: 'marker', path: marker, content: '{{ params.body }}' }] as const;
  const toy = { directory, port: 18102, steps };
  const good = await host.converge(manifestOf(1, toyService({ ...toy, body: 'good' })));
  host.events.length = 0;
  const bad = manifestOf(2, toyService({ ...toy, body: 'bad' }));
  const report = await host.converge(bad);
  t.match(report, {
    state: 'FAILED',
    runningHash: good.runningHash,
    failedRevision: 2,
    failure: { service: 'toy', step: 'config', undone: true, output: /a bad body/ },
  });
  t.match(report.failure?.message, /toy\.json is refused: .* exited with 4/);
  t.notMatch(report.failure?.output, /shoal-staged/, 'the program names the file as people know it');
  t.same(host.kinds(), ['config:output', 'config:output', 'config:failed']);
  t.equal(readFileSync(marker, 'utf8'), 'good', 'an earlier step of the same service did not run');
  t.same(notesOf(directory), ['start']);
  t.same(
    readdirSync(directory).filter((name) => name.startsWith('.shoal')),
    [],
    'no staged copy is left',
  );

  host.events.length = 0;
  host.offer(bad);
  await t.rejects(
    until('an attempt', () => host.events.length > 0, 300),
    'a failed hash is not tried unasked',
  );
  t.equal(host.converger.report().state, 'FAILED');
  await host.converge(bad, true);
  await until('the retry', () => host.kinds().includes('config:failed'));
});

t.test('what never becomes healthy is undone and the old configuration serves on', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const made = join(directory, 'new', 'deep');
  const steps = [
    { type: 'directory', id: 'made', path: made },
    { type: 'file', id: 'inside', path: `${made}/file`, content: 'x' },
    { type: 'exec', id: 'exec', command: ['touch', `${directory}/ran`], undo: ['rm', `${directory}/ran`] },
  ] as const;
  const toy = { directory, port: 18103 };
  const good = await host.converge(manifestOf(1, toyService({ ...toy, body: 'good' })));
  host.events.length = 0;
  const sick = toyService({ ...toy, body: 'sick', steps, healthPath: '/healthz/none' });
  const deadline = { ...sick, health: sick.health && { ...sick.health, deadline: '2s' } };
  const report = await host.converge(manifestOf(2, deadline));
  t.match(report, {
    state: 'FAILED',
    runningHash: good.runningHash,
    failure: { service: 'toy', step: 'health', undone: true },
  });
  t.match(report.failure?.message, /not healthy within 2s: GET .* answered 404/);
  // Undoing signals the process, which reads its files again in its own time.
  await until('the old file', async () => (await fetchText(`http://${address}:18103/`)) === 'good');
  t.same(notesOf(directory), ['start', 'reload', 'reload'], 'there and back without a restart');
  t.notOk(existsSync(join(directory, 'new')));
  t.notOk(existsSync(join(directory, 'ran')));
  const undone = host.events.filter(({ kind }) => kind === 'undone').map(({ step }) => step);
  t.same(undone, ['config', 'exec', 'inside', 'made', 'service']);
  t.same(readdirSync(join(host.dataDir, 'converge')), ['state.json']);
  t.same(
    readdirSync(directory).filter((name) => name.startsWith('.shoal')),
    [],
  );
});

t.test('a process that dies after its reload fails the gate at once', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const service = toyService({ directory, port: 18104, body: 'x' });
  const slow = {
    ...service,
    health: service.health && { ...service.health, url: 'http://127.40.0.9:1/', deadline: '60s' },
  };
  const dying = {
    ...slow,
    process: { ...slow.process, command: ['sh', '-c', 'echo last words; sleep 3; exit 9'] },
  };
  const report = await host.converge(manifestOf(1, dying));
  t.match(report.failure, {
    step: 'health',
    message: /didn't stay up.*exited with 9/,
    output: /last words/,
    undone: true,
  });
  t.equal(report.runningHash, '');
  await until('no process is left', () => host.converger.report().services?.length === 0);
});

t.test('a process that ends at once fails its step with its own last words', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data'), processTiming: { settleMs: 5000 } });
  const service = toyService({ directory, port: 18105, body: 'x' });
  const broken = { ...service, process: { command: ['sh', '-c', 'echo cannot bind >&2; exit 1'] } };
  const report = await host.converge(manifestOf(1, broken));
  t.match(report.failure, {
    step: 'run',
    message: /didn't stay up: it exited with 1/,
    output: 'cannot bind',
  });
  const absent = { ...service, process: { command: ['no-such-program'] } };
  const second = await host.converge(manifestOf(2, absent));
  t.match(second.failure, { step: 'run', message: "no-such-program isn't installed" });
});

t.test('a template error names the template, the place and the step', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const template = { name: 'a.conf', text: 'ok\n{{ params.prot }}' };
  const steps = [{ type: 'file', id: 'a', path: join(directory, 'a'), template }] as const;
  const report = await host.converge(manifestOf(1, toyService({ directory, port: 18106, body: 'x', steps })));
  t.match(report.failure, {
    service: 'toy',
    step: 'a',
    message: /^a\.conf:2:4: undefined variable params\.prot/,
    undone: true,
  });
  const where = [{ type: 'file', id: 'a', path: '{{ params.body }}', content: '' }] as const;
  const second = await host.converge(
    manifestOf(2, toyService({ directory, port: 18106, body: 'rel', steps: where })),
  );
  t.match(second.failure?.message, 'expected an absolute path without "..", found "rel"');
});

t.test('a service that the manifest no longer names is stopped; its files are left', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const one = toyService({ name: 'one', directory, port: 18107, body: 'one' });
  const two = toyService({ name: 'two', directory, port: 18108, body: 'two' });
  await host.converge(manifestOf(1, one, two));
  t.equal(host.observed.at(-1)?.length, 2);
  // Its successor takes its port: so it has to go first.
  const heir = toyService({ name: 'heir', directory, port: 18107, body: 'heir' });
  const report = await host.converge(manifestOf(2, heir, two));
  t.equal(report.failedHash, '');
  t.equal(await fetchText(`http://${address}:18107/`), 'heir');
  t.same(notesOf(directory, 'one'), ['start', 'stop']);
  t.same(notesOf(directory, 'two'), ['start']);
  t.ok(existsSync(join(directory, 'one.json')));

  const sick = {
    ...heir,
    health: heir.health && { ...heir.health, url: 'http://127.40.0.9:1/', deadline: '200ms' },
  };
  const failed = await host.converge(manifestOf(3, sick));
  t.match(failed.failure, { step: 'health', undone: true });
  // Undoing starts the service that was removed; that it answers is not waited for.
  await until('two again', async () => (await fetchText(`http://${address}:18108/`)) === 'two');
  t.same(notesOf(directory, 'two'), ['start', 'stop', 'start']);
});

t.test('changed members are rendered and reloaded, never an empty list', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, {
    dataDir: join(directory, 'data'),
    members: [member('one', address), member('two', '127.40.0.2')],
  });
  const service = toyService({ directory, port: 18109, body: '' });
  const content =
    '{"address":"127.40.0.1","port":18109,"body":"{% for m in members %}{{ m.name }}@{{ m.host }} {% endfor %}","digest":"{{ digest }}"}';
  const steps = service.steps.map((step) => (step.type === 'file' ? { ...step, content } : step));
  const exec = { type: 'exec', id: 'once', command: ['sh', '-c', `echo ran >>${directory}/ran`] } as const;
  const ready = join(directory, 'ready');
  writeFileSync(ready, '');
  const wait = { type: 'wait', id: 'wait', command: ['test', '-e', ready], timeout: '2s' } as const;
  const manifest = manifestOf(1, { ...service, steps: [wait, exec, ...steps] });
  await host.converge(manifest);
  // What was waited for once may be away when members change.
  rmSync(ready);
  const url = `http://${address}:18109/`;
  t.equal(await fetchText(url), 'one@127.40.0.1 two@127.40.0.2 ');

  host.members = [member('one', address), member('three', '127.40.0.3')];
  host.converger.factsChanged();
  await until('the new member', async () => (await fetchText(url))?.includes('three'));
  await until('the end of the attempt', () => host.converger.report().state === 'IDLE');
  t.equal(
    readFileSync(join(directory, 'ran'), 'utf8'),
    'ran\n',
    'a command without check runs for manifests only',
  );
  t.same(notesOf(directory), ['start', 'reload']);

  host.members = [];
  host.events.length = 0;
  host.converger.factsChanged();
  host.members = [];
  await t.rejects(
    until('an attempt', () => host.events.length > 0, 300),
    'an empty list changes nothing',
  );
  t.match(await fetchText(url), 'three');
});

t.test('an agent that starts again neither reloads nor restarts, alone at first or not', async (t) => {
  const directory = t.testdir();
  const dataDir = join(directory, 'data');
  const members = [member('one', address), member('two', '127.40.0.2')];
  const service = toyService({ directory, port: 18110, body: '{{ members.size }}' });
  const content = '{"address":"127.40.0.1","port":18110,"body":"{{ members.size }}","digest":"{{ digest }}"}';
  const steps = service.steps.map((step) => (step.type === 'file' ? { ...step, content } : step));
  const manifest = manifestOf(1, { ...service, steps });
  const before = await startHost(t, { dataDir, members });
  await before.converge(manifest);
  await before.converger.stop();
  t.same(notesOf(directory), ['start', 'stop'], 'child processes end with the agent');

  const after = await startHost(t, { dataDir, members: [member('one', address)] });
  await until('the service', () => fetchText(`http://${address}:18110/`));
  after.converger.factsChanged();
  after.offer(manifest);
  await t.rejects(until('an attempt', () => after.events.length > 0, 300));
  t.equal(await fetchText(`http://${address}:18110/`), '2', 'not joined yet: the last known members count');
  t.same(notesOf(directory), ['start', 'stop', 'start']);
  t.match(after.converger.report(), { state: 'IDLE', runningRevision: 1 });
});

t.test('the content of files that others may not read is never shown', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const toy = { directory, port: 18111, mode: '0600' };
  await host.converge(manifestOf(1, toyService({ ...toy, body: 'hush-1' })));
  const second = manifestOf(2, toyService({ ...toy, body: 'hush-2' }));
  const differences = await host.converger.check(second);
  await host.converge(second);
  t.match(differences, [
    { step: 'config', difference: /toy\.json: content differs \(not shown: mode 0600\)$/ },
    { step: 'run' },
  ]);
  t.notMatch(JSON.stringify(host.events), /hush/);
  // A file that was open before and is to be closed counts as closed, and the other way round.
  chmodSync(join(directory, 'toy.json'), 0o644);
  await host.converge(manifestOf(3, toyService({ ...toy, body: 'hush-3' })));
  await host.converge(manifestOf(4, toyService({ ...toy, mode: '0644', body: 'hush-4' })));
  t.notMatch(JSON.stringify(host.events), /hush/);
});

t.test('the latest offer replaces one that was not begun', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const wait = join(directory, 'go');
  const steps = [
    { type: 'exec', id: 'wait', command: ['sh', '-c', `until [ -e ${wait} ]; do sleep 0.02; done`] },
  ] as const;
  const toy = { directory, port: 18113 };
  host.offer(manifestOf(1, toyService({ ...toy, body: 'one', steps })));
  await until('the first to begin', () => host.kinds().includes('wait:started'));
  t.match(host.converger.report(), { state: 'CONVERGING', runningHash: '' });
  host.offer(manifestOf(2, toyService({ ...toy, body: 'two' })));
  host.offer(manifestOf(3, toyService({ ...toy, body: 'three' })));
  writeFileSync(wait, '');
  await until('the last', () => host.converger.report().runningRevision === 3);
  t.notOk(host.events.some(({ revision }) => revision === 2));
  t.equal(await fetchText(`http://${address}:18113/`), 'three');
});

t.test('a step that fails names its command and shows its last lines', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const attempt = async (revision: number, step: object) => {
    const steps = [{ type: 'exec', id: 'x', ...step }] as never;
    return (
      await host.converge(manifestOf(revision, toyService({ directory, port: 18114, body: 'x', steps })))
    ).failure;
  };
  t.match(await attempt(1, { command: ['sh', '-c', 'echo one; echo two >&2; exit 5'] }), {
    step: 'x',
    message: 'sh exited with 5',
    output: 'one\ntwo',
  });
  t.match(await attempt(2, { command: ['sleep', '30'], timeout: '100ms' }), {
    message: /took longer than 100ms, the step.s timeout/,
  });
  t.match(await attempt(3, { command: ['nothing-like-it'] }), { message: "nothing-like-it isn't installed" });
  t.match(await attempt(4, { command: ['true'], check: ['false'] }), {
    message: /it was applied, but doesn't hold/,
  });
  t.equal(
    (await attempt(5, { command: ['false'], check: ['true'] })) ?? null,
    null,
    'a check that holds is enough',
  );
  const live = host.events
    .filter(({ kind, step }) => kind === 'output' && step === 'x')
    .map(({ text }) => text);
  t.same(live.slice(0, 2), ['one', 'two']);
  mkdirSync(join(directory, 'isdir'));
  const steps = [{ type: 'file', id: 'f', path: join(directory, 'isdir'), content: '' }] as const;
  const report = await host.converge(manifestOf(6, toyService({ directory, port: 18114, body: 'x', steps })));
  t.match(report.failure, { step: 'f', message: /isdir exists and isn't a file/ });
});
