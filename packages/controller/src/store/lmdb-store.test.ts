import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { storeContract } from './contract.js';
import { LmdbStore } from './lmdb-store.js';

const run = promisify(execFile);
const isWriter = process.argv[2] === 'write';

if (isWriter) await writeUntilKilled(process.argv[3] ?? '');
else tests();

/** Child process of the kill test: writes as fast as it can and tells each revision once it resolved. */
async function writeUntilKilled(directory: string): Promise<void> {
  const store = await LmdbStore.open(directory);
  for (let index = 0; ; index += 1) {
    await store.transact({ writes: [{ type: 'put', key: `k/${index}`, value: Buffer.alloc(500) }] });
    writeFileSync(1, `${index}\n`);
  }
}

function tests(): void {
  storeContract(t, 'lmdb', (t) => LmdbStore.open(t.testdir()));

  t.test('state and revisions are there after it is opened again', async (t) => {
    const directory = t.testdir();
    const first = await LmdbStore.open(directory);
    await first.transact({ writes: [{ type: 'put', key: 'a', value: Buffer.from('1') }] });
    await first.close();
    const second = await LmdbStore.open(directory);
    t.teardown(() => second.close());
    t.equal(await second.revision(), 1);
    await second.transact({ writes: [{ type: 'put', key: 'b', value: Buffer.from('2') }] });
    t.equal((await second.get('b'))?.createRevision, 2);
    const watched = second.watch('', { signal: new AbortController().signal, fromRevision: 0 });
    await t.rejects(watched[Symbol.asyncIterator]().next(), { code: 'not_found' });
  });

  t.test('what resolved is there after kill -9', async (t) => {
    const directory = t.testdir();
    const child = fork(fileURLToPath(import.meta.url), ['write', directory], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    let told = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.split('\n').length > 50) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(told.trimEnd().split('\n').at(-1));
    const store = await LmdbStore.open(directory);
    t.teardown(() => store.close());
    t.ok(await store.get(`k/${last}`), `revision ${last} was told and is held`);
    t.ok((await store.revision()) >= last + 1);
  });

  t.test('a full disk is told as such, the store stays whole, and goes on once there is room', async (t) => {
    // Not t.testdir(): it can't be removed while the mount is there.
    const mount = await mkdtemp(join(tmpdir(), 'shoal-full-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount]);
    } catch {
      await rm(mount, { recursive: true });
      t.comment('skipped: mounting a tmpfs needs root');
      return;
    }
    t.teardown(async () => {
      await run('umount', ['-l', mount]);
      await rm(mount, { recursive: true });
    });
    await writeFile(join(mount, 'ballast'), Buffer.alloc(1024 * 1024));
    // lmdb prints the reason of a failed commit itself.
    t.capture(console, 'error');
    const store = await LmdbStore.open(join(mount, 'store'));
    t.teardown(() => store.close());
    const value = Buffer.alloc(200_000, 1);
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < 40; written += 1) {
        await store.transact({ writes: [{ type: 'put', key: `k/${written}`, value }] });
      }
    };
    await t.rejects(fill(), { code: 'resource_exhausted', message: /No room left/ });
    t.equal(await store.revision(), written);
    t.equal((await store.list('k/')).length, written);
    await unlink(join(mount, 'ballast'));
    await store.transact({ writes: [{ type: 'put', key: 'after', value }] });
    t.equal(await store.revision(), written + 1);
  });
}
