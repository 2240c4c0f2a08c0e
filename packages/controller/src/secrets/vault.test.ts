import { createPublicKey } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyAndCsr, forNode, type Manifest, openWithKey } from '@shoal/common';
import t from 'tap';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { Vault } from './vault.js';

const none = new Set<string>();

function manifestOf(...secrets: { name: string; version: string }[]): Manifest {
  const service = { name: 's', secrets: secrets.map((secret) => ({ ...secret, path: ['p'] })) };
  return { format: 1, clusterId: 'c', node: 'n', revision: 1, services: [service] } as unknown as Manifest;
}

t.test('values are kept sealed, by versions, and given to a node alone', async (t) => {
  const store = new MemoryStore();
  const dataDir = t.testdir();
  let now = 1;
  const open = () => Vault.open({ store, dataDir, now: () => now });
  const vault = await open();
  t.equal((await stat(join(dataDir, 'secrets.key'))).mode & 0o777, 0o600);
  await vault.set('key', 'hunter2-one', 'anna', none);
  const first = vault.newest('key') ?? '';
  now = 2;
  await vault.set('key', 'hunter2-two', 'bert', new Set([first]));
  const second = vault.newest('key') ?? '';
  t.match(vault.value('key', second), { version: second, createdAt: 2, createdBy: 'bert' });
  t.strictSame(vault.versions('key'), [first, second]);
  for (const prefix of ['', keys.secretValues]) {
    for (const { key, value } of await store.list(prefix))
      t.notMatch(`${key} ${Buffer.from(value).toString()}`, /hunter2|aHVudGVyMi/);
  }

  const again = await open();
  const { keyPem } = await createKeyAndCsr();
  const sealed = again.sealFor(
    manifestOf(
      { name: 'key', version: first },
      { name: 'key', version: second },
      { name: 'gone', version: '1' },
    ),
    createPublicKey(keyPem),
  );
  const opened = sealed.map(({ name = '', version = '', sealed: bytes }) =>
    openWithKey(bytes as Buffer, keyPem, forNode('c', 'n', name, version), 'it'),
  );
  t.strictSame(opened, ['hunter2-one', 'hunter2-two'], 'one that is not kept is left out');

  now = 3;
  await again.set('key', 'hunter2-three', 'anna', new Set([second]));
  t.strictSame(again.versions('key'), [second, again.newest('key')], 'what nothing needs goes');
  await again.remove('key');
  t.strictSame([again.names(), again.versions('key'), await store.list(keys.secretValues)], [[], [], []]);
  await t.rejects(again.remove('kye'), { code: 'not_found', hint: 'List them: shoal secret ls' });
});

t.test('values that were altered or moved in the store are refused', async (t) => {
  const store = new MemoryStore();
  const parts = { store, dataDir: t.testdir(), now: () => 1 };
  const vault = await Vault.open(parts);
  await vault.set('one', 'hunter2-one', 'anna', none);
  await vault.set('two', 'hunter2-two', 'anna', none);
  const at = async (name: string) => {
    const key = keys.secretValue(name, vault.newest(name) ?? '');
    return { key, value: JSON.parse(Buffer.from((await store.get(key))?.value ?? []).toString()) as object };
  };
  const [one, two] = [await at('one'), await at('two')];
  const moved = { ...one.value, sealed: (two.value as { sealed: string }).sealed };
  await store.transact({
    writes: [{ type: 'put', key: one.key, value: Buffer.from(JSON.stringify(moved)) }],
  });
  const again = await Vault.open(parts);
  const publicKey = createPublicKey((await createKeyAndCsr()).keyPem);
  const manifest = manifestOf({ name: 'one', version: vault.newest('one') ?? '' });
  t.throws(() => again.sealFor(manifest, publicKey), {
    code: 'permission_denied',
    message: 'the stored value of secret "one" can\'t be opened',
  });
});

t.test('without its key it says so, gives and takes nothing, and begins anew once it is empty', async (t) => {
  const store = new MemoryStore();
  const parts = { store, dataDir: t.testdir(), now: () => 1 };
  const file = join(parts.dataDir, 'secrets.key');
  await (await Vault.open(parts)).set('key', 'hunter2-one', 'anna', none);
  for (const [text, message] of [
    [undefined, /is missing/],
    [Buffer.alloc(32).toString('base64'), /isn't the key/],
    ['short', /is damaged/],
  ] as const) {
    await rm(file);
    if (text !== undefined) await writeFile(file, text);
    const vault = await Vault.open(parts);
    t.match(vault.problem, { code: 'failed_precondition', message, hint: /backup/ });
    await t.rejects(vault.set('key', 'hunter2-two', 'anna', none), { message });
    const manifest = manifestOf({ name: 'key', version: vault.newest('key') ?? '' });
    const publicKey = createPublicKey((await createKeyAndCsr()).keyPem);
    t.throws(() => vault.sealFor(manifest, publicKey), { message });
    if (text === undefined) await writeFile(file, '');
  }
  await (await Vault.open(parts)).remove('key');
  await rm(file);
  const fresh = await Vault.open(parts);
  t.equal(fresh.problem, undefined);
  await fresh.set('key', 'hunter2-new', 'anna', none);
  t.equal((await Vault.open(parts)).problem, undefined);
});
