import { setImmediate as turn } from 'node:timers/promises';
import type { ShoalError } from '@shoal/common';
import type { Test } from 'tap';
import type { Change, Entry, Store, Write } from './store.js';

/** Makes a fresh, empty store; the suite closes it. */
export type StoreFactory = (t: Test) => Promise<Store>;

const put = (key: string, value = ''): Write => ({ type: 'put', key, value: Buffer.from(value) });
const remove = (key: string): Write => ({ type: 'delete', key });
const text = (entry: Entry | undefined): string | undefined =>
  entry === undefined ? undefined : Buffer.from(entry.value).toString();

async function take(changes: AsyncIterable<Change>, count: number): Promise<Change[]> {
  const taken: Change[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length === count) break;
  }
  return taken;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return (error as ShoalError).code;
  }
}

/** What every `Store` must do. Each implementation's test calls it. */
export function storeContract(t: Test, name: string, factory: StoreFactory): void {
  const check = (title: string, body: (t: Test, store: Store) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async (t) => {
      const store = await factory(t);
      t.teardown(() => store.close());
      await body(t, store);
    });
  };

  check('an entry tells when it was made and last changed', async (t, store) => {
    t.equal(await store.revision(), 0);
    t.equal(await store.get('a'), undefined);
    await store.transact({ writes: [put('a', 'one')] });
    await store.transact({ writes: [put('b')] });
    const result = await store.transact({ writes: [put('a', 'two')] });
    t.same(result, { committed: true, revision: 3 });
    const entry = await store.get('a');
    t.equal(text(entry), 'two');
    t.equal(entry?.createRevision, 1);
    t.equal(entry?.modRevision, 3);
    t.equal(await store.revision(), 3);
  });

  check('a key that was deleted and made again is new', async (t, store) => {
    await store.transact({ writes: [put('a')] });
    await store.transact({ writes: [remove('a')] });
    t.equal(await store.get('a'), undefined);
    await store.transact({ writes: [put('a')] });
    t.equal((await store.get('a'))?.createRevision, 3);
  });

  check('all writes of a transaction happen at one revision, or none does', async (t, store) => {
    await store.transact({ writes: [put('a'), put('b'), put('c')] });
    t.same(
      (await store.list('')).map((entry) => entry.modRevision),
      [1, 1, 1],
    );
    const refused = await store.transact({
      compare: [
        { key: 'a', modRevision: 1 },
        { key: 'b', modRevision: 7 },
        { key: 'none', modRevision: 0 },
      ],
      writes: [put('a', 'changed'), remove('c')],
    });
    t.equal(refused.committed, false);
    t.equal(refused.revision, 1);
    t.equal(refused.committed ? undefined : refused.entries.get('b')?.modRevision, 1);
    t.ok(!refused.committed && refused.entries.has('none') && refused.entries.get('none') === undefined);
    t.equal(text(await store.get('a')), '');
    t.ok(await store.get('c'));
    t.equal(await store.revision(), 1);
  });

  check('of racing writers with the same comparison exactly one wins', async (t, store) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.transact({ compare: [{ key: 'k', modRevision: 0 }], writes: [put('k', String(index))] }),
      ),
    );
    t.equal(results.filter((result) => result.committed).length, 1);
    t.equal(await store.revision(), 1);
  });

  check('lists by prefix in byte order, in pages, forwards and backwards', async (t, store) => {
    const keys = ['n/\u{10000}', 'n/a', 'n/é', 'n/z', 'n/￿', 'n', 'n0', 'o'];
    await store.transact({ writes: keys.map((key) => put(key)) });
    const sorted = ['n/a', 'n/z', 'n/é', 'n/￿', 'n/\u{10000}'];
    const list = async (options?: object): Promise<string[]> =>
      (await store.list('n/', options)).map((entry) => entry.key);
    t.same(await list(), sorted);
    t.same(await list({ reverse: true }), [...sorted].reverse());
    t.same(await list({ limit: 2 }), ['n/a', 'n/z']);
    t.same(await list({ limit: 2, after: 'n/z' }), ['n/é', 'n/￿']);
    t.same(await list({ reverse: true, limit: 2, after: 'n/é' }), ['n/z', 'n/a']);
    t.same(await list({ after: 'n/b' }), sorted.slice(1), 'after a key that is not there');
    t.same(await list({ after: 'm' }), sorted);
    t.same(await list({ after: 'x' }), []);
    t.equal((await store.list('')).length, keys.length);
    t.equal((await store.list('', { reverse: true }))[0]?.key, 'o');
  });

  check('tells the changes under a prefix in order, none lost', async (t, store) => {
    await store.transact({ writes: [put('w/early')] });
    const stop = new AbortController();
    const watched = store.watch('w/', { signal: stop.signal });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.transact({ writes: [put(`w/${index}`), put(`x/${index}`)] }),
      ),
    );
    await store.transact({ writes: [remove('w/0')] });
    const changes = await take(watched, 51);
    const revisions = changes.map((change) => change.revision);
    t.same(
      revisions,
      Array.from({ length: 51 }, (_, index) => index + 2),
    );
    t.equal(changes.at(-1)?.key, 'w/0');
    t.equal(changes.at(-1)?.entry, undefined);
    stop.abort();
  });

  check('watches from a revision that is still kept', async (t, store) => {
    for (const key of ['a', 'b', 'c']) await store.transact({ writes: [put(key, key)] });
    const stop = new AbortController();
    const watched = store.watch('', { signal: stop.signal, fromRevision: 1 });
    t.same(
      (await take(watched, 2)).map((change) => text(change.entry)),
      ['b', 'c'],
    );
    stop.abort();
  });

  check('a watch ends by its signal and by close', async (t, store) => {
    const stop = new AbortController();
    const ended = take(store.watch('', { signal: stop.signal }), 1);
    const closed = take(store.watch('', { signal: new AbortController().signal }), 1);
    stop.abort();
    t.same(await ended, []);
    t.same(await take(store.watch('', { signal: stop.signal }), 1), [], 'aborted before the call');
    await store.close();
    t.same(await closed, []);
  });

  check('a watcher that lags too far is told so', async (t, store) => {
    const stop = new AbortController();
    const watched = store.watch('', { signal: stop.signal });
    for (let batch = 0; batch < 11; batch += 1) {
      const writes = Array.from({ length: 1000 }, (_, index) => put(`${batch}/${index}`));
      await store.transact({ writes });
    }
    await turn();
    t.equal(await codeOf(take(watched, 1)), 'resource_exhausted');
    t.equal(await codeOf(take(store.watch('', { signal: stop.signal, fromRevision: 0 }), 1)), 'not_found');
    stop.abort();
  });

  check('refuses keys and values outside its limits', async (t, store) => {
    const refused = async (write: Write): Promise<string> => codeOf(store.transact({ writes: [write] }));
    t.equal(await refused(put('')), 'invalid_input');
    t.equal(await refused(put('é'.repeat(501))), 'invalid_input');
    t.equal(await refused(put('a\0b')), 'invalid_input');
    t.equal(
      await refused({ type: 'put', key: 'big', value: Buffer.alloc(1024 * 1024 + 1) }),
      'invalid_input',
    );
    t.equal(await codeOf(store.transact({ writes: [put('a'), remove('a')] })), 'invalid_input');
    t.equal(await codeOf(store.list('', { limit: 10_001 })), 'invalid_input');
    t.equal(await store.revision(), 0);
    await store.transact({
      writes: [put('é'.repeat(500)), { type: 'put', key: 'big', value: Buffer.alloc(1024 * 1024, 7) }],
    });
    t.equal((await store.get('big'))?.value.byteLength, 1024 * 1024);
  });

  check('what it hands out and takes in is a copy', async (t, store) => {
    const value = Buffer.from('kept');
    await store.transact({ writes: [{ type: 'put', key: 'a', value }] });
    value.fill(0);
    t.equal(text(await store.get('a')), 'kept');
  });

  check('after close every call is refused', async (t, store) => {
    await store.close();
    t.equal(await codeOf(store.revision()), 'failed_precondition');
    t.equal(await codeOf(store.get('a')), 'failed_precondition');
    t.equal(await codeOf(store.list('')), 'failed_precondition');
    t.equal(await codeOf(store.transact({ writes: [put('a')] })), 'failed_precondition');
    await store.close();
  });
}
