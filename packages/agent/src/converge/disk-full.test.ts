import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Step } from '@shoal/common';
import { t } from 'tap';
import { Journal } from './attempt/journal.js';
import { fetchText, manifestOf, notesOf, startHost, toyService, until } from './harness.test.support.js';

/** Mounts a file system of so many KiB until the process ends; undefined: that isn't allowed here. */
function tinyDisk(kib: number): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'shoal-tiny-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  process.on('exit', () => {
    execFileSync('umount', ['--lazy', path]);
    rmSync(path, { recursive: true });
  });
  return path;
}

const refused = 'mounting a tiny file system needs root';

t.test('the disk of a file is full: the step fails clearly, the old file stays', async (t) => {
  const directory = t.testdir();
  const disk = tinyDisk(64);
  if (disk === undefined) return void t.pass(refused, { skip: refused });
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const steps = (size: number): readonly Step[] => [
    { type: 'file', id: 'small', path: join(disk, 'small'), content: '{{ params.body }}' },
    { type: 'file', id: 'big', path: join(disk, 'big'), content: 'x'.repeat(size) },
  ];
  const toy = { directory, port: 18401 };
  const good = await host.converge(manifestOf(1, toyService({ ...toy, body: 'one', steps: steps(10) })));
  t.equal(good.failedHash, '');
  const report = await host.converge(
    manifestOf(2, toyService({ ...toy, body: 'two', steps: steps(100_000) })),
  );
  t.match(report.failure, {
    step: 'big',
    message: /can't write .*big: no space left on the disk/,
    undone: true,
  });
  t.equal(report.runningRevision, 1);
  t.equal(readFileSync(join(disk, 'big'), 'utf8'), 'x'.repeat(10));
  t.equal(readFileSync(join(disk, 'small'), 'utf8'), 'one');
  t.same(readdirSync(disk).sort(), ['big', 'small']);
  t.equal(await fetchText('http://127.40.0.1:18401/'), 'one');
});

t.test("the agent's own disk is full: nothing is touched, and it goes on once there is space", async (t) => {
  const directory = t.testdir();
  const disk = tinyDisk(256);
  if (disk === undefined) return void t.pass(refused, { skip: refused });
  const host = await startHost(t, { dataDir: join(disk, 'data') });
  const toy = { directory, port: 18402 };
  await host.converge(manifestOf(1, toyService({ ...toy, body: 'one' })));
  const filler = join(disk, 'filler');
  t.throws(() => writeFileSync(filler, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
  const second = manifestOf(2, toyService({ ...toy, body: 'two' }));
  const report = await host.converge(second);
  t.match(report, { runningRevision: 1, failedRevision: 2, state: 'FAILED' });
  t.match(report.failure, { message: /no space left on the disk/, undone: true });
  t.equal(await fetchText('http://127.40.0.1:18402/'), 'one');
  t.same(notesOf(directory), ['start']);
  rmSync(filler);
  host.offer(second, true);
  await until('the retry', () => host.converger.report().runningRevision === 2);
  t.equal(await fetchText('http://127.40.0.1:18402/'), 'two');
});

t.test('an entry of the journal that follows one which the disk cut short can be read', async (t) => {
  const disk = tinyDisk(64);
  if (disk === undefined) return void t.pass(refused, { skip: refused });
  const directory = join(disk, 'attempt');
  const manifest = manifestOf(1);
  const begin = { id: 'x', purpose: 'manifest', hash: 'h', revision: 1, manifest } as const;
  const journal = await Journal.create(directory, begin);
  // The rest of its block is there for the next entry's beginning.
  await journal.append({ kind: 'resumed' });
  const filler = join(disk, 'filler');
  t.throws(() => writeFileSync(filler, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
  const failure = { service: 'web', step: 'conf', message: 'm', output: 'o'.repeat(10_000), undone: false };
  await t.rejects(journal.append({ kind: 'undoing', failure }), { code: 'resource_exhausted' });
  rmSync(filler);
  await journal.append({ kind: 'undoing', failure: { ...failure, output: '' } });
  await journal.close();
  const found = await Journal.open(directory);
  t.match(found?.failure(), { step: 'conf' });
  await found?.close();
});
