import { createLogger } from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../testing/wait.js';
import { KeyChanges } from './key-changes.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const [a, b, c] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer];
const names = (keys: readonly Buffer[]): string => keys.map((key) => key[0]).join();

/** Changes of keys with what they did, in order; `fail` is what the disk says, `hold` keeps it from answering. */
function fixture(t: Test) {
  const done: string[] = [];
  const disk: { fail?: Error; hold?: Promise<void> } = {};
  const changes = new KeyChanges({
    logger,
    stored: [a],
    store: async (keys) => {
      done.push(`store ${names(keys)}`);
      await disk.hold;
      if (disk.fail !== undefined) throw disk.fail;
    },
    use: (keys) => done.push(`use ${names(keys)}`),
    changed: () => done.push('tell'),
    retryMs: 20,
  });
  t.teardown(() => changes.stop());
  return { changes, done, disk };
}

t.test('keys are stored, then used, then told; those that are stored already only used', async (t) => {
  const { changes, done } = fixture(t);
  changes.take([a]);
  await waitFor('the keys of now', () => done.includes('tell'));
  t.same(done.splice(0), ['use 1', 'tell']);
  changes.take([a, b]);
  await waitFor('a change', () => done.includes('tell'));
  t.same(done.splice(0), ['store 1,2', 'use 1,2', 'tell']);
  changes.take([]);
  changes.take([b, a]);
  await waitFor('another order', () => done.includes('tell'));
  t.same(done, ['store 2,1', 'use 2,1', 'tell']);
});

t.test('what can not be stored is not used, and tried again', async (t) => {
  const { changes, done, disk } = fixture(t);
  disk.fail = new Error('no space left');
  changes.take([a, b]);
  await waitFor('a second try', () => done.length > 1);
  t.same(new Set(done), new Set(['store 1,2']));
  delete disk.fail;
  await waitFor('the change', () => done.includes('tell'));
  t.same(done.slice(-2), ['use 1,2', 'tell']);
});

t.test('of several changes the latest counts, stored before any is used', async (t) => {
  const { changes, done, disk } = fixture(t);
  let release: () => void = () => undefined;
  disk.hold = new Promise((resolve) => {
    release = resolve;
  });
  changes.take([a, b]);
  changes.take([b, a]);
  changes.take([c, b]);
  release();
  await waitFor('the change', () => done.includes('tell'));
  t.same(done, ['store 1,2', 'store 3,2', 'use 3,2', 'tell']);
  await changes.stop();
  changes.take([a]);
  await changes.stop();
  t.equal(done.length, 4, 'nothing is begun after the end');
});
