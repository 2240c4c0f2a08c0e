import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { t } from 'tap';
import { until } from '../converge/harness.test.support.js';
import { backoffDelay } from './backoff.js';
import { noteOf, readNote } from './launch.js';
import { OutputFile } from './output-file.js';
import { groupLives, identifyProcess, isAlive, parseStat } from './proc-stat.js';
import { ProcessSupervisor } from './process-supervisor.js';
import type { ProcessSpec } from './supervisor.js';

const agentProgram = fileURLToPath(new URL('hanging-agent.test.support.js', import.meta.url));
const timing = { settleMs: 100, pollMs: 50, firstMs: 50, mostMs: 400, stableMs: 60_000 };

function specOf(directory: string, script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  const base = { environment: {}, stopSignal: 'SIGTERM', stopTimeoutMs: 3000 } as const;
  return { service: 'svc', directory, command: ['sh', '-c', script], ...base, ...more };
}

function supervise(
  t: { teardown(f: () => unknown): void },
  directory: string,
): { supervisor: ProcessSupervisor; lines: string[]; changes: string[] } {
  const lines: string[] = [];
  const changes: string[] = [];
  const listener = {
    processOutput: (_: string, line: string) => lines.push(line),
    processChanged: (service: string) => changes.push(service),
  };
  const supervisor = new ProcessSupervisor({ directory: join(directory, 'run'), listener, timing });
  t.teardown(() => supervisor.close());
  return { supervisor, lines, changes };
}

/** Pid from the note that the process writes of itself, once it is another than the given one. */
async function pidOf(directory: string, other?: number): Promise<number> {
  const note = noteOf(join(directory, 'run'), 'svc');
  await until('the note', () => (readNote(note)?.pid ?? other) !== other);
  return readNote(note)?.pid ?? 0;
}

t.test('starts, reloads by signal, stops gracefully, and passes output on line by line', async (t) => {
  const directory = t.testdir();
  const { supervisor, lines, changes } = supervise(t, directory);
  const script =
    'trap "echo reload" HUP; trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done';
  const spec = specOf(directory, script, { reloadSignal: 'SIGHUP', environment: { X: '1' } });
  t.equal((await supervisor.status(spec)).state, 'stopped');
  await supervisor.start(spec);
  await supervisor.start(spec);
  t.match(await supervisor.status(spec), { state: 'running', restarts: 0, detail: '' });
  const pid = await pidOf(directory);
  // Only now are the traps set.
  await until('the first line', () => lines.includes('up'));
  await supervisor.reload(spec);
  await until('the reload', () => lines.includes('reload'));
  t.same(lines, ['up', 'reload']);
  t.same(await supervisor.lastOutput(spec), ['up', 'reload']);
  await supervisor.restart(spec);
  await pidOf(directory, pid);
  await until('the line of the second process', () => lines.at(-1) === 'up');
  await supervisor.stop(spec);
  t.same(lines, ['up', 'reload', 'bye', 'up', 'bye']);
  t.equal((await supervisor.status(spec)).state, 'stopped');
  t.ok(changes.length > 0);
});

t.test('without a reload signal a reload is a restart', async (t) => {
  const directory = t.testdir();
  const { supervisor } = supervise(t, directory);
  const spec = specOf(directory, 'exec sleep 60');
  await supervisor.start(spec);
  const pid = await pidOf(directory);
  await supervisor.reload(spec);
  await pidOf(directory, pid);
});

t.test('what ignores the stop signal is killed, with all it started', async (t) => {
  const directory = t.testdir();
  const { supervisor } = supervise(t, directory);
  const spec = specOf(directory, 'trap "" TERM; sleep 60 & while :; do sleep 0.1; done', {
    stopTimeoutMs: 100,
  });
  await supervisor.start(spec);
  const pid = await pidOf(directory);
  t.ok(groupLives(pid));
  await supervisor.stop(spec);
  t.notOk(groupLives(pid));
});

t.test(
  'a process that ends unasked is started again, later each time, and its workers are ended first',
  async (t) => {
    const directory = t.testdir();
    const { supervisor, lines } = supervise(t, directory);
    const spec = specOf(directory, 'echo start; sleep 61 & sleep 0.2; exit 7');
    await supervisor.start(spec);
    const first = await pidOf(directory);
    await until('two restarts', () => lines.filter((line) => line === 'start').length >= 3);
    t.notOk(groupLives(first));
    const status = await supervisor.status(spec);
    t.ok(status.restarts >= 2);
    await supervisor.stop(spec);
    const count = lines.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.equal(lines.length, count, 'stopped is stopped');
    t.same(
      [1, 2, 3, 20].map((failures) => backoffDelay(failures)),
      [500, 1000, 2000, 30_000],
    );
  },
);

t.test('resume keeps trying what fails to start, and says so', async (t) => {
  const directory = t.testdir();
  const { supervisor } = supervise(t, directory);
  const spec = specOf(directory, `[ -e ${directory}/ready ] || { echo not yet; exit 1; }; exec sleep 60`);
  await supervisor.resume(spec);
  await until('a failure', async () => /exited with 1/.test((await supervisor.status(spec)).detail));
  t.equal((await supervisor.status(spec)).state, 'starting');
  appendFileSync(join(directory, 'ready'), '');
  await until('the process', async () => (await supervisor.status(spec)).state === 'running');
});

t.test('the child of an agent that was killed is adopted, its output not lost, its end seen', async (t) => {
  const directory = t.testdir();
  const script =
    'trap "exit 0" TERM; echo before; until [ -e more ]; do sleep 0.02; done; echo between; until [ -e end ]; do sleep 0.02; done; exit 4';
  const spec = specOf(directory, script);
  const agent = spawn(process.execPath, [agentProgram, JSON.stringify({ directory, spec })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  agent.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until('the line by the first agent', () => said.includes('before'));
  // A line is passed on before that is noted: who is killed in between passes it on twice, rather than never.
  const position = join(directory, 'run', 'svc.out.position');
  await until('its note', () => Number(readFileSync(position, 'utf8')) === 'before\n'.length);
  const pid = await pidOf(directory);
  agent.kill('SIGKILL');
  await new Promise((resolve) => agent.on('exit', resolve));
  appendFileSync(join(directory, 'more'), '');

  const { supervisor, lines } = supervise(t, directory);
  await supervisor.resume(spec);
  const status = await supervisor.status(spec);
  t.equal(status.state, 'running');
  t.ok(Math.abs((status.startedAt ?? 0) - Date.now()) < 20_000);
  t.equal(await pidOf(directory), pid, 'not started twice');
  await until('the line that nobody read', () => lines.includes('between'));
  t.same(lines, ['between'], 'what the first agent read does not come again');
  appendFileSync(join(directory, 'end'), '');
  await until('the restart', async () => (await supervisor.status(spec)).restarts > 0);

  const stale = identifyProcess(process.pid);
  t.ok(stale && isAlive(stale));
  t.notOk(stale && isAlive({ ...stale, startTicks: '1' }), 'a reused pid is no match');
  t.notOk(stale && isAlive({ ...stale, bootId: 'another' }));
  t.match(parseStat('12 (a) b) c) S 1 12 12 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0'), {
    state: 'S',
    group: 12,
    startTicks: '777',
  });
  t.equal(parseStat('nonsense'), undefined);
});

t.test('disk space of output that was read is given back', async (t) => {
  const path = join(t.testdir(), 'out');
  let bytes = 0;
  const output = new OutputFile(path, (line) => {
    bytes += line.length + 1;
  });
  t.teardown(() => output.close());
  const chunk = `${'x'.repeat(1023)}\n`.repeat(1024);
  for (let i = 0; i < 12; i++) {
    appendFileSync(path, chunk);
    output.drain();
  }
  t.equal(bytes, 12 * 1024 * 1024);
  await until('less than half on disk', () => statSync(path).blocks * 512 < 6 * 1024 * 1024);
  output.reset();
  t.equal(statSync(path).size, 0);
});

t.test("a foreign process that got a dead service's id is left alone", async (t) => {
  const directory = t.testdir({ run: {} });
  const foreign = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  t.teardown(() => foreign.kill('SIGKILL'));
  const identity = identifyProcess(foreign.pid ?? 0);
  if (identity === undefined) throw new Error('no process');
  const fields = Array.from({ length: 19 }, () => '0').join(' ');
  const earlier = Number(identity.startTicks) - 1;
  const note = `${identity.bootId} ${identity.pid} (sh) S ${fields.slice(2)} ${earlier} 0\n`;
  writeFileSync(join(directory, 'run', 'svc.pid'), note);
  const { supervisor } = supervise(t, directory);
  const spec = specOf(directory, 'exec sleep 60');
  await supervisor.resume(spec);
  await until('the service', async () => (await supervisor.status(spec)).state === 'running');
  await pidOf(directory, foreign.pid);
  t.ok(isAlive(identity));
});

t.test('disk space is given back of the output alone, whatever is opened after it', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'svc.out');
  const output = new OutputFile(path, () => undefined);
  appendFileSync(path, `${'x'.repeat(1023)}\n`.repeat(5 * 1024));
  const { descriptor } = output;
  output.close();
  const other = join(directory, 'other');
  const file = openSync(other, 'w+');
  t.teardown(() => closeSync(file));
  t.equal(file, descriptor, 'it has the number that the output had');
  writeSync(file, Buffer.alloc(5 * 1024 * 1024, 'y'));
  await until('the space', () => statSync(path).blocks * 512 < 2 * 1024 * 1024);
  t.equal(statSync(other).blocks * 512, 5 * 1024 * 1024);
});
