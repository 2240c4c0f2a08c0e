import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { logRecords } from './fixtures.test.support.js';
import { type LogStorageOptions, type OpenLogStorage, openLogStorage } from './log-storage.js';
import { realDisk } from './segment-writer.js';

const now = 2_000_000_000;
const retention = { ageMs: 1_000_000_000, bytes: 1e9 };

async function open(t: Test, dir: string, options: Partial<LogStorageOptions> = {}): Promise<OpenLogStorage> {
  const storage = await openLogStorage({ dir, retention, now: () => now, ...options });
  t.teardown(() => storage.close());
  return storage;
}

async function linesOf(storage: OpenLogStorage, node?: string): Promise<readonly string[]> {
  const { lines } = await storage.search({ limit: 10_000, ...(node === undefined ? {} : { node }) });
  return lines.map(({ line }) => line);
}

function range(from: number, to: number): string[] {
  return logRecords(from, to).map(({ line }) => line);
}

async function segmentsOf(dir: string, node: string): Promise<string[]> {
  return (await readdir(join(dir, node))).filter((file) => file.endsWith('.seg')).sort();
}

t.test('what comes twice is kept once', async (t) => {
  const dir = t.testdir({});
  const storage = await open(t, dir);
  t.equal(await storage.append('web1', 'a', logRecords(1, 10)), 10);
  t.equal(await storage.append('web1', 'a', logRecords(1, 10)), 10, 'again');
  t.equal(await storage.append('web1', 'a', logRecords(6, 15)), 15, 'overlapping');
  t.equal(await storage.append('web1', 'a', []), 15, 'nothing');
  const together = [logRecords(16, 20), logRecords(16, 20), logRecords(18, 22)];
  const held = await Promise.all(together.map((records) => storage.append('web1', 'a', records)));
  t.ok(
    held.every((upto) => upto >= 20),
    'at the same time',
  );
  t.same(await linesOf(storage), range(1, 22));
  t.equal(await storage.append('web1', 'b', logRecords(1, 2)), 2, 'another spool counts for itself');
  t.equal(await storage.append('web2', 'a', logRecords(1, 2)), 2, 'another node too');
  t.same((await linesOf(storage)).length, 26);
  t.same(storage.counts, { lines: 26, duplicates: 23 });
  await storage.close();
  const again = await open(t, dir);
  t.equal(await again.append('web1', 'a', logRecords(20, 23)), 23, 'also after a restart');
  t.same(await linesOf(again, 'web1'), [...range(1, 2), ...range(1, 23)].sort(byNumber));
});

function byNumber(a: string, b: string): number {
  return Number(a.slice(5)) - Number(b.slice(5));
}

t.test('a torn end is cut off, what was whole stays', async (t) => {
  const dir = t.testdir({});
  const storage = await open(t, dir);
  await storage.append('web1', 'a', logRecords(1, 10));
  await storage.append('web1', 'a', logRecords(11, 20));
  await storage.close();
  const file = join(dir, 'web1', '0000000001.seg');
  const whole = await readFile(file);
  const secondBlock = whole.indexOf('"upto":20') - 30;
  const states: [string, () => Promise<void>, number][] = [
    ['half a header', () => truncate(file, secondBlock + 32), 10],
    ['half a payload', () => truncate(file, whole.length - 5), 10],
    ['a damaged payload', () => writeFile(file, damaged(whole, whole.length - 3)), 10],
    ['zeros behind', () => appendFile(file, Buffer.alloc(4096)), 20],
    ['another text behind', () => appendFile(file, 'abc\n{"spool":"a"}\n'), 20],
    ['nothing at all', () => truncate(file, 0), 0],
  ];
  for (const [what, spoil, upto] of states) {
    await writeFile(file, whole);
    await spoil();
    const again = await open(t, dir);
    t.same(await linesOf(again), range(1, upto), what);
    t.equal(await again.append('web1', 'a', logRecords(1, 25)), 25);
    t.same(await linesOf(again), range(1, 25), `${what}: goes on behind what was whole`);
    await again.close();
    const last = await open(t, dir);
    t.same(await linesOf(last), range(1, 25), `${what}: also for the next start`);
    await last.close();
  }
});

function damaged(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

t.test('what is held outlives the segments that retention deletes', async (t) => {
  const dir = t.testdir({});
  const clock = { now };
  const options = { now: () => clock.now, segmentBytes: 1000, retention: { ageMs: 60_000, bytes: 1e9 } };
  const storage = await open(t, dir, options);
  for (let from = 1; from <= 91; from += 10) await storage.append('web1', 'a', logRecords(from, from + 9));
  t.ok((await segmentsOf(dir, 'web1')).length > 3, 'several segments');
  clock.now += 30_000;
  await storage.append('web1', 'a', logRecords(101, 110));
  clock.now += 31_000;
  await storage.retain();
  const left = await linesOf(storage);
  t.ok(left.length < 30, 'older segments are gone');
  t.same(left, range(111 - left.length, 110), 'the last one is there');
  clock.now += 60_000;
  await storage.retain();
  t.same(await linesOf(storage), [], 'all are gone');
  t.same(await segmentsOf(dir, 'web1'), []);
  t.equal(storage.bytes, 0);
  await storage.close();
  const again = await open(t, dir, options);
  t.equal(await again.append('web1', 'a', logRecords(51, 112)), 112);
  t.same(await linesOf(again), range(111, 112), 'none comes back');
});

t.test('retention by size deletes the oldest of all nodes', async (t) => {
  const dir = t.testdir({});
  const clock = { now };
  const options = { now: () => clock.now, segmentBytes: 1000, retention: { ageMs: 1e9, bytes: 10_000 } };
  const storage = await open(t, dir, options);
  for (let from = 1; from <= 991; from += 10) {
    clock.now += 1;
    await storage.append(from < 500 ? 'web1' : 'web2', 'a', logRecords(from, from + 9));
  }
  await storage.retain();
  t.ok(storage.bytes <= 10_000, `${storage.bytes} bytes are left`);
  const lines = await linesOf(storage);
  t.ok(lines.length > 50);
  t.same(lines, range(1001 - lines.length, 1000), 'the newest are left, without a hole');
  t.same(await linesOf(storage, 'web1'), [], 'the quiet node lost its own');
});

t.test('a full disk takes nothing in and loses nothing', async (t) => {
  const dir = t.testdir({});
  let space = 1500;
  const io = {
    async write(...args: Parameters<typeof realDisk.write>) {
      const [file, data, offset, position] = args;
      if (space <= 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      const part = data.subarray(0, Math.min(data.length, offset + space));
      const written = await realDisk.write(file, part, offset, position);
      space -= written;
      return written;
    },
  };
  const storage = await open(t, dir, { io });
  t.equal(await storage.append('web1', 'a', logRecords(1, 10)), 10);
  const refused = { code: 'resource_exhausted', message: /no space left on the disk/ };
  await t.rejects(storage.append('web1', 'a', logRecords(11, 60)), refused);
  await t.rejects(storage.append('web1', 'a', logRecords(11, 20)), refused);
  t.same(await linesOf(storage), range(1, 10), 'half a batch is no batch');
  space = 1e9;
  t.equal(await storage.append('web1', 'a', logRecords(11, 60)), 60, 'goes on when there is space');
  t.same(await linesOf(storage), range(1, 60));
  await storage.close();
  t.same(await linesOf(await open(t, dir)), range(1, 60), 'and the file is whole');
});

t.test('a sync that fails acknowledges nothing', async (t) => {
  const dir = t.testdir({});
  let broken = true;
  const io = {
    sync: async (...args: Parameters<typeof realDisk.sync>) => {
      if (broken) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      await realDisk.sync(...args);
    },
  };
  const storage = await open(t, dir, { io });
  await t.rejects(storage.append('web1', 'a', logRecords(1, 10)), { code: 'EIO' });
  t.same(await linesOf(storage), []);
  broken = false;
  t.equal(await storage.append('web1', 'a', logRecords(1, 5)), 5);
  await storage.close();
  t.same(await linesOf(await open(t, dir)), range(1, 5), 'no rest of the failed write behind');
});

t.test('a killed process loses nothing that it acknowledged', async (t) => {
  const dir = t.testdir({});
  const script = `
    import { openLogStorage } from ${JSON.stringify(new URL('./log-storage.js', import.meta.url).href)};
    import { logRecords } from ${JSON.stringify(new URL('./fixtures.test.support.js', import.meta.url).href)};
    const storage = await openLogStorage({
      dir: process.argv[1], retention: { ageMs: 1e9, bytes: 1e9 }, now: Date.now, segmentBytes: 20000,
    });
    for (let from = Number(process.argv[2]); ; from += 20) {
      console.log(await storage.append('web1', 'a', logRecords(from, from + 19)));
    }`;
  let upto = 0;
  for (let round = 0; round < 3; round += 1) {
    // Begins again before what was acknowledged, as an agent does that missed the acknowledgment.
    const from = String(Math.max(1, upto - 30));
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir, from], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const wanted = upto + 600;
    for await (const line of createInterface({ input: child.stdout })) {
      upto = Math.max(upto, Number(line));
      if (upto >= wanted) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    t.equal(child.signalCode, 'SIGKILL');
  }
  const storage = await open(t, dir);
  const lines = await linesOf(storage);
  t.ok(lines.length >= upto, `${lines.length} lines held, ${upto} acknowledged`);
  t.same(lines, range(1, lines.length), 'each is there exactly once');
});

t.test('a node whose name would leave the folder is refused', async (t) => {
  const storage = await open(t, t.testdir({}));
  for (const name of ['../x', '', 'a/b', '.', '..']) {
    await t.rejects(storage.append(name, 'a', logRecords(1, 1)), { code: 'invalid_input' }, name);
  }
});

t.test('a closed storage says so', async (t) => {
  const storage = await open(t, t.testdir({}));
  await storage.append('web1', 'a', logRecords(1, 1));
  await storage.close();
  await t.rejects(storage.append('web1', 'a', logRecords(2, 2)), { code: 'unavailable' });
});
