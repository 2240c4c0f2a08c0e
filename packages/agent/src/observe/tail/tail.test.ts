import { appendFile, chmod, copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, type Logger } from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../../testing/wait.js';
import type { Position } from '../spool/entry.js';
import { FileTail } from './file-tail.js';
import { JournalTail, journalArguments, journalLine } from './journal-tail.js';
import type { LineSink, SourceLine } from './line-sink.js';
import { LineSplitter } from './line-splitter.js';
import { StdoutBuffer } from './stdout-buffer.js';
import { TailedFile } from './tailed-file.js';

const logger = createLogger({ name: 'test', level: 'silent' });

/** A sink in memory that keeps lines and positions together, as the spool does; it can be held shut. */
class MemorySink implements LineSink {
  readonly lines: SourceLine[] = [];
  readonly known = new Map<string, Position>();
  since = 0;
  #open: Promise<void> = Promise.resolve();
  #isShut = false;
  #release: () => void = () => undefined;

  get texts(): string[] {
    return this.lines.map(({ text }) => text);
  }

  shut(): void {
    this.#isShut = true;
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#isShut = false;
    this.#release();
  }

  async append(lines: readonly SourceLine[], signal: AbortSignal): Promise<void> {
    if (this.#isShut) {
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await Promise.race([this.#open, aborted]);
    }
    signal.throwIfAborted();
    for (const line of lines) {
      this.lines.push(line);
      if (line.key !== undefined && line.position !== undefined) this.known.set(line.key, line.position);
    }
  }

  async mark(moved: Readonly<Record<string, Position | null>>): Promise<void> {
    for (const [key, position] of Object.entries(moved)) {
      if (position === null) this.known.delete(key);
      else this.known.set(key, position);
    }
  }

  positions(prefix: string): ReadonlyMap<string, Position> {
    return new Map([...this.known].filter(([key]) => key.startsWith(prefix)));
  }
}

function tail(t: Test, path: string, sink: LineSink, log: Logger = logger): FileTail {
  const made = new FileTail({
    path,
    keyPrefix: 'f:',
    sink,
    logger: log,
    busyMs: 10,
    quietMs: 30,
    drainMs: 60,
  });
  t.teardown(() => made.stop());
  made.start();
  return made;
}

t.test('follows a file: whole lines only, old content only when the file is ours', async (t) => {
  const file = join(t.testdir({ 'a.log': 'old 1\nold 2\n' }), 'a.log');
  const ours = new MemorySink();
  const late = new MemorySink();
  late.since = Date.now() + 60_000;
  tail(t, file, ours);
  tail(t, file, late);
  await waitFor('the old lines', () => ours.lines.length === 2 && late.known.size === 1);
  await appendFile(file, 'one\ntw');
  await waitFor('the line', () => late.lines.length === 1 && ours.lines.length === 3);
  await appendFile(file, 'o\r\n\nthree\n');
  await waitFor('the rest', () => late.lines.length === 4 && ours.lines.length === 6);
  t.strictSame(late.texts, ['one', 'two', '', 'three']);
  t.strictSame(ours.texts, ['old 1', 'old 2', 'one', 'two', '', 'three']);
});

t.test('waits for a file that is not there, and reads it from its beginning', async (t) => {
  const file = join(t.testdir(), 'later.log');
  const sink = new MemorySink();
  sink.since = Date.now() + 60_000;
  const said: string[] = [];
  const talking = createLogger({
    name: 'test',
    level: 'debug',
    destination: { write: (line) => said.push(line) },
  });
  const made = tail(t, file, sink, talking);
  await waitFor('the first look', () => said.join('').includes('waiting for a log file'));
  await writeFile(file, 'first\n');
  await waitFor('the line', () => sink.lines.length === 1);
  t.strictSame(sink.texts, ['first']);
  await made.stop();
});

t.test('rotation by rename: the old file is read to its end, also what is written late', async (t) => {
  const file = join(t.testdir({ 'a.log': '' }), 'a.log');
  const sink = new MemorySink();
  tail(t, file, sink);
  await waitFor('the start', () => sink.known.size === 1);
  await appendFile(file, '1\n');
  await rename(file, `${file}.1`);
  await appendFile(`${file}.1`, '2\n');
  await writeFile(file, '3\n');
  await appendFile(`${file}.1`, '4\nrest');
  await waitFor('the lines', () => sink.lines.length === 5);
  t.strictSame([...sink.texts].sort(), ['1', '2', '3', '4', 'rest']);
  await waitFor('the old file to be let go', () => sink.known.size === 1);
});

t.test('rotation by truncation: goes on at the beginning', async (t) => {
  const file = join(t.testdir({ 'a.log': 'a\nb\n' }), 'a.log');
  const sink = new MemorySink();
  tail(t, file, sink);
  await waitFor('the start', () => sink.lines.length === 2);
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
  await appendFile(file, 'c\nlonger than what was there before\n');
  await waitFor('the lines', () => sink.lines.length === 4);
  t.strictSame(sink.texts, ['a', 'b', 'c', 'longer than what was there before']);
});

t.test('a stopped tail goes on where the sink’s positions are, whatever happened to the files', async (t) => {
  const file = join(t.testdir({ 'a.log': '1\n2\n' }), 'a.log');
  const sink = new MemorySink();
  const first = tail(t, file, sink);
  await waitFor('the start', () => sink.lines.length === 2);
  await first.stop();
  await appendFile(file, '3\n');
  await rename(file, `${file}.1`);
  await writeFile(file, '4\n');
  const second = tail(t, file, sink);
  await waitFor('both files', () => sink.lines.length === 4);
  t.strictSame([...sink.texts].sort(), ['1', '2', '3', '4']);
  await waitFor('the old file to be let go', () => sink.known.size === 1);
  await second.stop();
});

t.test('a start on a full disk reads no line twice', async (t) => {
  const file = join(t.testdir({ 'a.log': '1\n' }), 'a.log');
  const sink = new MemorySink();
  const first = tail(t, file, sink);
  await waitFor('the start', () => sink.lines.length === 1);
  await first.stop();
  // One more file was being read, which is gone; noting that fails at first.
  sink.known.set('f:1', { i: 1, o: 5, n: 0, h: '' });
  const { mark } = sink;
  let refused = 0;
  sink.mark = async (moved) => {
    if (refused < 2) {
      refused += 1;
      throw new Error('no space');
    }
    await mark.call(sink, moved);
  };
  const second = tail(t, file, sink);
  await waitFor('the recovery', () => !sink.known.has('f:1'));
  await appendFile(file, '2\n');
  await waitFor('the line', () => sink.lines.length >= 2);
  await appendFile(file, '3\n');
  await waitFor('the next line', () => sink.texts.includes('3'));
  await second.stop();
  t.strictSame(sink.texts, ['1', '2', '3']);
});

t.test('a file that lost its tail in a power cut is read on from its end', async (t) => {
  const file = join(t.testdir({ 'a.log': '1\n2\n3\n' }), 'a.log');
  const buffer = Buffer.alloc(100);
  const before = await TailedFile.open(file, 'beginning');
  await before.read(buffer);
  const { position } = before;
  await before.close();
  t.match(position, { o: 6, n: 6 });
  const digestOfFirst = await TailedFile.open(file, 'beginning').then(async (opened) => {
    await truncate(file, 2);
    await opened.read(buffer);
    await opened.close();
    return opened.position;
  });
  const resumed = await TailedFile.resume(file, { ...digestOfFirst, o: 6 });
  t.equal(resumed?.position.o, 2);
  await appendFile(file, '4\n');
  t.strictSame((await resumed?.read(buffer))?.lines, [{ text: '4', end: 4 }]);
  await resumed?.close();
  t.equal(await TailedFile.resume(file, position), undefined, 'begins otherwise: another file');
});

t.test('the same inode with another content is another file', async (t) => {
  const file = join(t.testdir({ 'a.log': 'a\nb\n' }), 'a.log');
  const sink = new MemorySink();
  const first = tail(t, file, sink);
  await waitFor('the start', () => sink.lines.length === 2);
  await first.stop();
  await writeFile(file, 'x\ny\nz\n');
  tail(t, file, sink);
  await waitFor('the lines', () => sink.lines.length === 5);
  t.strictSame(sink.texts, ['a', 'b', 'x', 'y', 'z']);
});

t.test('while the sink takes nothing, nothing is read on; afterwards nothing is missing', async (t) => {
  const file = join(t.testdir({ 'a.log': '' }), 'a.log');
  const sink = new MemorySink();
  tail(t, file, sink);
  await waitFor('the start', () => sink.known.size === 1);
  sink.shut();
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(50)}`);
  await appendFile(file, `${lines.join('\n')}\n`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(sink.lines.length, 0);
  sink.release();
  await waitFor('all', () => sink.lines.length === lines.length);
  t.strictSame(sink.texts, lines);
});

t.test('a line splitter keeps one bounded unfinished line', (t) => {
  const splitter = new LineSplitter(100, 8);
  t.strictSame(splitter.push(Buffer.from('ab')), []);
  t.strictSame(splitter.push(Buffer.from('cd\nefghijklmnop')), [{ text: 'abcd', end: 105 }]);
  t.strictSame(splitter.push(Buffer.from('qrst')), []);
  t.strictSame(splitter.push(Buffer.from('\nü\n')), [
    { text: 'efghijkl', end: 122, isCut: true },
    { text: 'ü', end: 125 },
  ]);
  t.strictSame(
    splitter.push(Buffer.from('1234567üx\n')),
    [{ text: '1234567', end: 136, isCut: true }],
    'never half a character',
  );
  t.equal(splitter.flush(), undefined);
  splitter.push(Buffer.from('end'));
  t.strictSame(splitter.flush(), { text: 'end', end: 139 });
  t.end();
});

t.test('the journal is read from a cursor on, and again when its reader ends', async (t) => {
  t.strictSame(journalArguments('nginx.service', undefined, 1_700_000_000_500).slice(-2), [
    '--unit=nginx.service',
    '--since=@1700000000',
  ]);
  t.equal(journalArguments('n', { c: 's=1;i=2' }, 0).at(-1), '--after-cursor=s=1;i=2');
  const entry = {
    MESSAGE: 'hello',
    __CURSOR: 'c1',
    __REALTIME_TIMESTAMP: '1700000000123456',
    PRIORITY: '3',
    _PID: '7',
  };
  t.strictSame(journalLine(JSON.stringify(entry), 'k'), {
    text: 'hello',
    at: 1_700_000_000_123,
    fields: { level: 'error', pid: '7' },
    key: 'k',
    position: { c: 'c1' },
  });
  t.equal(journalLine(JSON.stringify({ ...entry, MESSAGE: [104, 105] }), 'k')?.text, 'hi');
  t.equal(journalLine('no json', 'k'), undefined);

  const directory = t.testdir();
  const command = join(directory, 'journalctl');
  const script = `#!/bin/sh
echo "$@" >> ${directory}/calls
n=$(wc -l < ${directory}/calls)
echo '{"MESSAGE":"line '$n'","__CURSOR":"c'$n'","__REALTIME_TIMESTAMP":"1700000000000000"}'
`;
  await writeFile(command, script);
  await chmod(command, 0o755);
  const sink = new MemorySink();
  const journal = new JournalTail({ unit: 'web.service', key: 'j', sink, logger, command, restartMs: 10 });
  t.teardown(() => journal.stop());
  journal.start();
  await waitFor('two lines', () => sink.lines.length >= 2);
  await journal.stop();
  t.strictSame(sink.texts.slice(0, 2), ['line 1', 'line 2']);
  const calls = (await readFile(join(directory, 'calls'), 'utf8')).split('\n');
  t.match(calls[0], /--since=@0$/);
  t.match(calls[1], /--after-cursor=c1$/);
  await rm(command);
});

t.test('a process’s own output: the oldest waiting lines go first, and the gap is told', async (t) => {
  const sink = new MemorySink();
  const buffer = new StdoutBuffer({ sink, logger, service: 'web', maxLines: 3, now: () => 5 });
  sink.shut();
  buffer.push('a');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (const line of ['b', 'c', 'd', 'e', 'f']) buffer.push(line);
  sink.release();
  await waitFor('the lines', () => sink.lines.length === 5);
  t.strictSame(sink.texts, ['a', '[shoal] 2 lines were dropped here: the spool was full', 'd', 'e', 'f']);
  await buffer.stop();
});
