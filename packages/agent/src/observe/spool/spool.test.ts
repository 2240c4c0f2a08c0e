import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@shoal/common';
import t from 'tap';
import { waitFor } from '../../testing/wait.js';
import { Spool, type SpoolOptions } from './spool.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const never = new AbortController().signal;

function openSpool(directory: string, part: Partial<SpoolOptions> = {}): Promise<Spool<string>> {
  return Spool.open<string>({ directory, maxBytes: 1024 * 1024, syncIntervalMs: 20, logger, ...part });
}

async function readAll(spool: Spool<string>, after = 0): Promise<string[]> {
  const found: string[] = [];
  let last = after;
  for (;;) {
    const records = await spool.read(last);
    if (records.length === 0) return found;
    for (const { sequence, payload } of records) {
      if (sequence !== last + 1) throw new Error(`sequence ${sequence} after ${last}`);
      last = sequence;
      found.push(payload);
    }
  }
}

const texts = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `line ${from + i}`);
const inputs = (lines: readonly string[]) => lines.map((payload) => ({ payload }));

t.test('records come back in order, only once they are durable', async (t) => {
  const spool = await openSpool(t.testdir());
  t.teardown(() => spool.close());
  await spool.append(inputs(texts(100)), never);
  t.equal(spool.last, 100);
  await waitFor('the sync', () => spool.durable === 100);
  t.strictSame(await readAll(spool), texts(100));
  t.strictSame(await readAll(spool, 40), texts(60, 40), 'from the middle');
  t.strictSame(await spool.read(100), []);
});

t.test('goes on after a restart: id, sequence numbers, positions, acknowledgments', async (t) => {
  const directory = t.testdir();
  const first = await openSpool(directory, { segmentBytes: 1000 });
  for (let i = 0; i < 10; i += 1) {
    await first.append([{ payload: `line ${i}`, key: 'a', position: { o: i } }], never);
  }
  await first.mark({ b: { o: 7 }, a2: { o: 1 } });
  await first.mark({ a2: null });
  first.acknowledge(4);
  await first.close();
  const second = await openSpool(directory, { segmentBytes: 1000 });
  t.teardown(() => second.close());
  t.equal(second.id, first.id);
  t.equal(second.last, 10);
  t.equal(second.acked, 4);
  t.strictSame(Object.fromEntries(second.positions), { a: { o: 9 }, b: { o: 7 } });
  await second.append(inputs(texts(2, 10)), never);
  await waitFor('the sync', () => second.durable === 12);
  t.strictSame(await readAll(second, 4), texts(8, 4));
});

t.test('segments are deleted once all of them is acknowledged', async (t) => {
  const directory = t.testdir();
  const spool = await openSpool(directory, { segmentBytes: 2000 });
  t.teardown(() => spool.close());
  for (let i = 0; i < 50; i += 1) await spool.append(inputs(texts(10, i * 10)), never);
  t.ok((await readdir(directory)).length > 5);
  await waitFor('the sync', () => spool.durable === 500);
  t.strictSame(await readAll(spool), texts(500), 'over segments');
  spool.acknowledge(500);
  await waitFor('the deletion', async () => (await readdir(directory)).length === 1 && spool.bytes < 2000);
});

t.test('a full spool takes nothing in until something is acknowledged', async (t) => {
  const spool = await openSpool(t.testdir(), { maxBytes: 20_000, segmentBytes: 2000 });
  t.teardown(() => spool.close());
  const stop = new AbortController();
  let written = 0;
  const writer = (async () => {
    for (;;) {
      await spool.append(inputs([`x${'y'.repeat(100)}`]), stop.signal);
      written += 1;
    }
  })().catch(() => undefined);
  await waitFor('the end of room', () => !spool.hasRoom);
  const full = written;
  t.ok(spool.bytes < 21_000, `${spool.bytes} bytes`);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(written, full, 'waits');
  spool.acknowledge(Math.floor(full / 2));
  await waitFor('room', () => written > full);
  stop.abort();
  await writer;
});

t.test('what a crash left half written is cut off; what came before is kept', async (t) => {
  const directory = t.testdir();
  const first = await openSpool(directory);
  await first.append([{ payload: 'whole', key: 'a', position: { o: 1 } }], never);
  await first.close();
  const [name] = await readdir(directory);
  const path = join(directory, name ?? '');
  const good = await readFile(path);
  for (const torn of [
    '{"q":2,"d":"half',
    '{"q":2,"d":"a","k":"a","p":{"o":2}',
    '\0\0\0\n',
    '{"q":9,"d":"x"}\n',
    '{}\n',
  ]) {
    await writeFile(path, good);
    await appendFile(path, torn);
    const spool = await openSpool(directory);
    t.equal(spool.last, 1);
    t.strictSame(Object.fromEntries(spool.positions), { a: { o: 1 } });
    await spool.append(inputs(['next']), never);
    await spool.close();
    const again = await openSpool(directory);
    t.strictSame(await readAll(again), ['whole', 'next'], JSON.stringify(torn));
    await again.close();
  }
  await truncate(path, 3);
  const fresh = await openSpool(directory);
  t.not(fresh.id, first.id, 'a spool whose header is gone begins anew');
  t.equal((await readdir(directory)).filter((found) => found.endsWith('.damaged')).length, 1);
  await fresh.close();
});

t.test('a full disk: nothing is lost or half written, and it goes on when there is room', async (t) => {
  const directory = t.testdir();
  let full = false;
  const spool = await openSpool(directory, {
    retryMs: 10,
    write: async (file, data) => {
      if (!full) return await file.appendFile(data);
      await file.appendFile(data.subarray(0, 10));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  });
  t.teardown(() => spool.close());
  await spool.append(inputs(['one']), never);
  full = true;
  const pending = spool.append(inputs(['two']), never);
  await waitFor('the error', () => !spool.hasRoom);
  full = false;
  await pending;
  t.ok(spool.hasRoom);
  await waitFor('the sync', () => spool.durable === 2);
  t.strictSame(await readAll(spool), ['one', 'two']);
});

t.test('after kill -9 in the middle of writing, the positions are those of the last record', async (t) => {
  const directory = t.testdir();
  const script = `
    import { Spool } from ${JSON.stringify(new URL('./spool.js', import.meta.url).href)};
    import { createLogger } from ${JSON.stringify(import.meta.resolve('@shoal/common'))};
    const logger = createLogger({ name: 'test', level: 'silent' });
    const spool = await Spool.open({ directory: ${JSON.stringify(directory)}, maxBytes: 1e8, segmentBytes: 20000, syncIntervalMs: 50, logger });
    const never = new AbortController().signal;
    for (let i = 1; ; i += 1) {
      await spool.append([{ payload: 'line ' + i, key: 'a', position: { o: i } }], never);
      if (i === 2000) console.log('enough');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const spool = await openSpool(directory);
  t.teardown(() => spool.close());
  t.ok(spool.last >= 2000);
  t.strictSame(spool.positions.get('a'), { o: spool.last });
  t.equal((await readAll(spool)).length, spool.last);
});
