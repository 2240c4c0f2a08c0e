import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { lockDirectory, lockHolder } from './lock-directory.js';
import { writeFileAtomic } from './write-file-atomic.js';

function failing(code: string, method: 'writeFile' | 'sync') {
  return async (path: string, flags: string, mode: number) => {
    const handle = await open(path, flags, mode);
    Object.defineProperty(handle, method, {
      value: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    return handle;
  };
}

t.test('a file is replaced whole, with the mode asked for', async (t) => {
  const dir = t.testdir({ state: 'old' });
  const path = join(dir, 'state');
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  await writeFileAtomic(path, 'new', { mode: 0o644 });
  t.equal(await readFile(path, 'utf8'), 'new');
  t.equal((await stat(path)).mode & 0o777, 0o644, 'whatever the umask says');
  await writeFileAtomic(join(dir, 'secret'), Buffer.from([1, 2]));
  t.equal((await stat(join(dir, 'secret'))).mode & 0o777, 0o600, 'private unless told otherwise');
  t.strictSame(await readdir(dir), ['secret', 'state'], 'nothing else is left');
});

t.test('a full disk leaves the old file and no rubbish', async (t) => {
  for (const [code, words] of [
    ['ENOSPC', 'no space left on the disk'],
    ['EDQUOT', 'disk quota exceeded'],
  ] as const) {
    for (const method of ['writeFile', 'sync'] as const) {
      const dir = t.testdir({ state: 'old' });
      const path = join(dir, 'state');
      await t.rejects(writeFileAtomic(path, 'new', { open: failing(code, method) }), {
        code: 'resource_exhausted',
        message: `can't write ${path}: ${words}`,
      });
      t.equal(await readFile(path, 'utf8'), 'old');
      t.strictSame(await readdir(dir), ['state']);
    }
  }
});

t.test('other failures keep their own shape', async (t) => {
  const dir = t.testdir({ state: 'old' });
  await t.rejects(writeFileAtomic(join(dir, 'none', 'x'), ''), { code: 'ENOENT' });
  await t.rejects(writeFileAtomic(join(dir, 'state'), '', { open: failing('EIO', 'sync') }), { code: 'EIO' });
});

t.test('a directory is locked for one process at a time', async (t) => {
  const dir = join(t.testdir(), 'data');
  const lock = await lockDirectory(dir);
  t.equal((await stat(dir)).mode & 0o777, 0o700, 'made private');
  await t.rejects(lockDirectory(dir), {
    code: 'failed_precondition',
    message: `data directory ${dir} is in use by process ${process.pid}`,
  });
  await lock.release();
  await lock.release();
  t.strictSame(await readdir(dir), []);
  const again = await lockDirectory(dir);
  await lock.release();
  t.strictSame(await readdir(dir), ['lock'], "a release that came late doesn't free the next holder's lock");
  await again.release();
});

t.test('another living process is named', async (t) => {
  const dir = t.testdir({});
  const script = `import { lockDirectory } from ${JSON.stringify(new URL('lock-directory.js', import.meta.url).href)};
    await lockDirectory(${JSON.stringify(dir)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await t.rejects(lockDirectory(dir), { message: `data directory ${dir} is in use by process ${child.pid}` });
  t.equal(await lockHolder(dir), child.pid);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  t.equal(await lockHolder(dir), undefined);
  const lock = await lockDirectory(dir);
  t.match(await readFile(join(dir, 'lock'), 'utf8'), `"pid":${process.pid}`, 'taken over after kill -9');
  await lock.release();
});

t.test('stale locks are taken over', async (t) => {
  const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  const stale = {
    'dead process': JSON.stringify({ pid: dead, started: '1' }),
    'process id that belongs to another process now': JSON.stringify({ pid: process.pid, started: '1' }),
    'torn by a power cut': '{"pi',
    empty: '',
  };
  for (const [name, text] of Object.entries(stale)) {
    const dir = t.testdir({});
    await writeFile(join(dir, 'lock'), text);
    const lock = await lockDirectory(dir);
    t.strictSame(await readdir(dir), ['lock'], name);
    await lock.release();
  }
});

t.test('a lock of ours that names a process of another user is stale', async (t) => {
  const { uid: first } = await stat('/proc/1');
  const own = process.getuid?.() ?? first;
  if (own === first && own !== 0) {
    t.comment('all processes are of one user');
    return;
  }
  const uid = own === 0 ? 65534 : own;
  const dir = await mkdtemp(join(tmpdir(), 'shoal-lock-'));
  t.teardown(async () => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'lock');
  // Its start isn't known, as that of a process which the service's view of /proc leaves out.
  await writeFile(path, JSON.stringify({ pid: 1, started: '' }));
  const script = `import { lockDirectory } from ${JSON.stringify(new URL('lock-directory.js', import.meta.url).href)};
    if (process.getuid() !== ${uid}) process.setuid(${uid});
    await lockDirectory(${JSON.stringify(dir)}).catch((error) => console.log(error.message));`;
  const take = () =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (own === 0) {
    await chmod(dir, 0o777);
    await chmod(path, 0o644);
    t.match(take(), 'is in use by process 1', 'who wrote it was somebody else, and may live');
    await chown(dir, uid, uid);
    await chown(path, uid, uid);
  }
  t.equal(take(), '');
  t.not(JSON.parse(await readFile(path, 'utf8')).pid, 1);
});

t.test('of many that find a stale lock exactly one gets it', async (t) => {
  const dir = t.testdir({ lock: '' });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(dir)));
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  t.strictSame(await readdir(dir), ['lock']);
});
