import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '@shoal/common';
import { createLogger, manifestHash } from '@shoal/common';
import { t } from 'tap';
import { ConvergeLoop } from './converge-loop.js';
import { openly } from './discretion.js';
import type { TestHost, Toy } from './harness.test.support.js';
import { fetchText, manifestOf, notesOf, startHost, toyService, until } from './harness.test.support.js';
import { killAgentAt } from './kill-agent.test.support.js';
import { convergePaths } from './paths.js';
import { StateFile } from './state.js';

type Case = { testdir(): string; teardown(f: () => unknown): void };

interface Scene {
  readonly directory: string;
  readonly dataDir: string;
  readonly url: string;
  service(body: string, steps?: readonly Step[], more?: Partial<Toy>): ReturnType<typeof toyService>;
  /** The next agent on the same data. */
  again(): Promise<TestHost>;
}

function scene(t: Case, port: number): Scene {
  const directory = t.testdir();
  const dataDir = join(directory, 'data');
  return {
    directory,
    dataDir,
    url: `http://127.40.0.1:${port}/`,
    service: (body, steps = [], more = {}) => toyService({ directory, port, body, steps, ...more }),
    again: () => startHost(t, { dataDir }),
  };
}

function leftovers({ directory, dataDir }: Scene): string[] {
  const staged = readdirSync(directory).filter((name) => name.startsWith('.shoal'));
  return [...staged, ...readdirSync(join(dataDir, 'converge'))];
}

/** Blocks until `go` exists, fails when `fail` does; notes each run. */
function blocking(directory: string, timeout = '60s'): Step {
  const script = `echo run >>${directory}/runs; [ -e ${directory}/fail ] && { echo told to fail; exit 1; }; until [ -e ${directory}/go ] || [ ! -e ${directory} ]; do sleep 0.05; done`;
  return { type: 'exec', id: 'block', command: ['sh', '-c', script], timeout };
}

/**
 * Whether the blocking command runs, and the journal has it. A step is told as started before that, and an agent that is killed in between leaves a command
 * of which the next one doesn't know.
 */
function blocks({ directory, dataDir }: Scene): () => boolean {
  return () => {
    if (!existsSync(join(directory, 'runs'))) return false;
    const journal = readFileSync(join(dataDir, 'converge', 'attempt', 'journal'), 'utf8');
    return journal.lastIndexOf('"kind":"command"') > journal.lastIndexOf('"step":"block"');
  };
}

t.test('killed in the middle of a step, the next agent waits for its command and goes on', async (t) => {
  const s = scene(t, 18201);
  const marker: Step = {
    type: 'file',
    id: 'marker',
    path: join(s.directory, 'marker'),
    content: '{{ params.body }}',
  };
  const steps = [marker, blocking(s.directory)];
  const second = manifestOf(2, s.service('two', steps));
  await killAgentAt(blocks(s), s.dataDir, [manifestOf(1, s.service('one', [marker])), second]);
  t.equal(readFileSync(join(s.directory, 'marker'), 'utf8'), 'two');
  t.equal(await fetchText(s.url), 'one', 'the service outlives the agent');

  const host = await s.again();
  t.match(host.converger.report(), {
    runningRevision: 1,
    state: 'CONVERGING',
    convergingHash: manifestHash(second),
  });
  host.offer(second);
  await t.rejects(until('a second run', () => host.kinds().includes('block:started'), 400));
  writeFileSync(join(s.directory, 'go'), '');
  const report = await until('the end', () => {
    const now = host.converger.report();
    return now.runningRevision === 2 && now.state === 'IDLE' ? now : undefined;
  });
  t.match(report, { failedHash: '' });
  t.equal(await fetchText(s.url), 'two');
  t.same(notesOf(s.directory), ['start', 'reload'], 'adopted, not started again');
  t.match(host.kinds(), ['marker:unchanged', 'block:started']);
  t.same(leftovers(s), ['state.json']);
});

t.test('killed in the middle, and failing after: all of both agents is undone', async (t) => {
  const s = scene(t, 18202);
  const marker: Step = {
    type: 'file',
    id: 'marker',
    path: join(s.directory, 'marker'),
    content: '{{ params.body }}',
  };
  const made: Step = { type: 'directory', id: 'made', path: join(s.directory, 'made') };
  const second = manifestOf(2, s.service('two', [marker, made, blocking(s.directory, '3s')]));
  await killAgentAt(blocks(s), s.dataDir, [manifestOf(1, s.service('one', [marker])), second]);
  writeFileSync(join(s.directory, 'fail'), '');
  // A power cut tears the line that is just written.
  appendFileSync(join(s.dataDir, 'converge', 'attempt', 'journal'), '{"kind":"beg');

  const host = await s.again();
  const report = await until('the end', () => {
    const now = host.converger.report();
    return now.state === 'FAILED' ? now : undefined;
  });
  t.match(report, { runningRevision: 1, failedRevision: 2 });
  t.match(report.failure, { step: 'block', output: /told to fail/, undone: true });
  t.equal(readFileSync(join(s.directory, 'marker'), 'utf8'), 'one');
  t.notOk(existsSync(join(s.directory, 'made')));
  t.equal(await fetchText(s.url), 'one');
  t.same(notesOf(s.directory), ['start'], 'the process was never touched');
  t.same(leftovers(s), ['state.json']);
});

t.test('killed while it waits for health, the next agent asks for health again', async (t) => {
  const s = scene(t, 18203);
  const path = '/healthz/{{ files.config.digest }}';
  const slow = s.service('two', [], { healthPath: path });
  const patient = { ...slow, health: slow.health && { ...slow.health, healthyFor: '1500ms' } };
  await killAgentAt('gating', s.dataDir, [manifestOf(2, patient)]);
  const host = await s.again();
  t.equal(host.converger.report().runningHash, '', 'not in force before it passed the gate');
  await until('the end', () => host.converger.report().runningRevision === 2);
  t.same(notesOf(s.directory), ['start']);
  t.equal(await fetchText(s.url), 'two');
});

t.test('killed while undoing, the next agent undoes the rest', async (t) => {
  const s = scene(t, 18204);
  const marker: Step = {
    type: 'file',
    id: 'marker',
    path: join(s.directory, 'marker'),
    content: '{{ params.body }}',
  };
  const script = `echo undo >>${s.directory}/undos; until [ -e ${s.directory}/go ] || [ ! -e ${s.directory} ]; do sleep 0.05; done`;
  const slowUndo: Step = { type: 'exec', id: 'slow', command: ['true'], undo: ['sh', '-c', script] };
  const failing: Step = { type: 'exec', id: 'failing', command: ['false'] };
  const second = manifestOf(2, s.service('two', [marker, slowUndo, failing]));
  const undoing = () => existsSync(join(s.directory, 'undos'));
  await killAgentAt(undoing, s.dataDir, [manifestOf(1, s.service('one', [marker])), second]);
  writeFileSync(join(s.directory, 'go'), '');
  const host = await s.again();
  const report = await until('the end', () => {
    const now = host.converger.report();
    return now.state === 'FAILED' ? now : undefined;
  });
  t.match(report.failure, { step: 'failing', message: 'false exited with 1', undone: true });
  t.equal(readFileSync(join(s.directory, 'marker'), 'utf8'), 'one');
  t.equal(await fetchText(s.url), 'one');
  t.same(leftovers(s), ['state.json']);
});

t.test('stopped gracefully in the middle of a step, the next agent goes on', async (t) => {
  const s = scene(t, 18205);
  const first = await startHost(t, { dataDir: s.dataDir, stopGraceMs: 100 });
  first.offer(manifestOf(1, s.service('one', [blocking(s.directory)])));
  await until('the command', () => existsSync(join(s.directory, 'runs')));
  await first.converger.stop();
  t.match(first.converger.report(), { runningHash: '', failedHash: '' });
  writeFileSync(join(s.directory, 'go'), '');
  const host = await s.again();
  await until('the end', () => host.converger.report().runningRevision === 1);
  t.equal(await fetchText(s.url), 'one');
});

t.test('an attempt that ends the agent each time is given up and undone', async (t) => {
  const s = scene(t, 18206);
  const marker: Step = {
    type: 'file',
    id: 'marker',
    path: join(s.directory, 'marker'),
    content: '{{ params.body }}',
  };
  const first = await startHost(t, { dataDir: s.dataDir, stopGraceMs: 50 });
  await first.converge(manifestOf(1, s.service('one', [marker])));
  first.offer(manifestOf(2, s.service('two', [marker, blocking(s.directory)])));
  await until('the command', () => existsSync(join(s.directory, 'runs')));
  await first.converger.stop();
  for (let i = 0; i < 5; i++) {
    const host = await startHost(t, { dataDir: s.dataDir, stopGraceMs: 50 });
    await until('the command again', () => host.kinds().includes('block:started'));
    await host.converger.stop();
  }
  const host = await s.again();
  const report = await until('the end', () => {
    const now = host.converger.report();
    return now.state === 'FAILED' ? now : undefined;
  });
  t.match(report.failure, { step: 'block', message: /interrupted 6 times/, undone: true });
  t.equal(readFileSync(join(s.directory, 'marker'), 'utf8'), 'one');
});

t.test('what could not be undone is mended by converging to what runs, when that is asked for', async (t) => {
  const s = scene(t, 18208);
  const path = join(s.directory, 'marker');
  const marker: Step = { type: 'file', id: 'marker', path, content: 'one' };
  const spoil: Step = {
    type: 'exec',
    id: 'spoil',
    command: ['sh', '-c', `echo two >${path}; exit 1`],
    undo: ['false'],
  };
  const host = await s.again();
  const good = manifestOf(1, s.service('one', [marker]));
  await host.converge(good);
  const bad = manifestOf(2, s.service('one', [marker, spoil]));
  host.converger.offer(bad, manifestHash(bad), { retryFailed: false, attempt: 2 });
  await until('the failure', () => host.converger.report().state === 'FAILED');
  t.match(host.converger.report(), { runningRevision: 1, failure: { step: 'spoil', undone: false } });
  t.equal(readFileSync(path, 'utf8'), 'two\n');

  host.converger.offer(good, manifestHash(good), { retryFailed: false, attempt: 3 });
  await until('it to be dealt with', () => host.converger.report().attempt === 3);
  await until('the end', () => host.converger.report().state === 'IDLE');
  t.match(host.converger.report(), { runningRevision: 1, failedHash: '', failure: null });
  t.equal(readFileSync(path, 'utf8'), 'one');
  t.same(notesOf(s.directory), ['start'], 'the process was never touched');
});

t.test('what goes wrong beside the steps leaves nobody waiting', async (t) => {
  const settled: unknown[] = [];
  let go = (): void => undefined;
  const going = new Promise<void>((resolve) => {
    go = resolve;
  });
  const loop = new ConvergeLoop({
    state: new StateFile(join(t.testdir(), 'state.json')),
    paths: convergePaths(t.testdir()),
    discretion: openly,
    logger: createLogger({ name: 'test', level: 'silent' }),
    begin: async () => {
      await going;
      throw new Error('the disk went away');
    },
    resume: () => Promise.reject(new Error('not asked for')),
    rendersAnew: async () => ({ isDue: false, later: [] }),
    settled: async (outcome) => void settled.push(outcome),
  });
  const manifest = manifestOf(1);
  loop.offer({ manifest, hash: 'h', retryFailed: false, attempt: 1 });
  loop.offer({ manifest, hash: 'i', retryFailed: false, attempt: 2 });
  t.equal(loop.awaits, 'i', 'what comes next is known while something else is under way');
  go();
  await until('the end', () => settled.length === 2);
  t.match(settled, [{ kind: 'failed', failure: { message: /the disk went away/, undone: false } }]);
  t.equal(loop.awaits, undefined);
  await loop.stop();
});

t.test('a state that is no state is refused, not overwritten', async (t) => {
  const s = scene(t, 18207);
  const first = await s.again();
  await first.converge(manifestOf(1, s.service('one')));
  await first.converger.stop();
  const path = join(s.dataDir, 'converge', 'state.json');
  writeFileSync(path, '{"format":9}');
  await t.rejects(s.again(), /state\.json isn't a state of this version/);
  t.equal(readFileSync(path, 'utf8'), '{"format":9}');
});
