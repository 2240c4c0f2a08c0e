import { gossipKeyFingerprint } from '@shoal/common';
import t from 'tap';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { KeyStore } from './key-store.js';
import { withKey } from './machine.js';

const textOf = async (store: MemoryStore): Promise<string> =>
  (await store.list('')).map(({ value }) => Buffer.from(value).toString()).join('\n');

t.test('the first key is made once; those of a ring are kept, others forgotten', async (t) => {
  const store = new MemoryStore();
  const [first, racing] = await Promise.all([KeyStore.open(store, 1), KeyStore.open(store, 2)]);
  t.same(racing.keys(), first.keys(), 'two that race agree');
  t.same(
    first.keys().map((key) => key.length),
    [32],
  );
  const old = first.keys()[0] as Buffer;
  first.newKey();
  const fingerprint = first.newKey();
  await first.put(withKey(first.ring, fingerprint, 3), []);
  t.same(first.keys().map(gossipKeyFingerprint), [gossipKeyFingerprint(old), fingerprint]);
  t.same((await KeyStore.open(store, 4)).keys(), first.keys());
  await t.rejects(racing.put(racing.ring, []), { code: 'conflict' });
  await first.put({ ...first.ring, keys: first.ring.keys.slice(1) }, []);
  t.notOk((await textOf(store)).includes(old.toString('base64')), 'a removed key is nowhere');
});

t.test('the key of a cluster that had it in its identity moves, and leaves no copy', async (t) => {
  const store = new MemoryStore();
  const key = Buffer.alloc(32, 7).toString('base64');
  await store.transact({ writes: [putJson(keys.cluster, { id: 'c', gossipKeys: [key] })] });
  const keyStore = await KeyStore.open(store, 1);
  t.same(
    keyStore.keys().map((it) => it.toString('base64')),
    [key],
  );
  t.equal((await textOf(store)).split(key).length, 2, 'it is stored once');
  t.match(JSON.parse(Buffer.from((await store.get(keys.cluster))?.value ?? []).toString()), { id: 'c' });
});
