import { createLogger } from '@shoal/common';
import t from 'tap';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { Serials } from './serials.js';

const logger = createLogger({ name: 'test', level: 'silent' });

t.test('serials rise, over blocks, restarts, clocks set back and stores from a backup', async (t) => {
  const store = new MemoryStore();
  let now = 1_000_000;
  const open = (from = store) => Serials.open({ store: from, now: () => now, logger });
  const backup = new MemoryStore();
  await open(backup);
  let last = 0;
  const rises = async (serials: Serials, count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      const next = serials.next();
      if (next <= last) t.fail(`${next} after ${last}`);
      last = next;
      if (i % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await rises(await open(), 350_000);
  now = 5;
  await rises(await open(), 10);
  now = 2_000_000;
  await rises(await open(backup), 10);
  t.ok(last >= 2_000_000);
});

t.test('none is given that the store does not know of', async (t) => {
  const store = new MemoryStore();
  const serials = await Serials.open({ store, now: () => 0, logger });
  const transact = store.transact.bind(store);
  store.transact = async () => {
    throw new Error('disk full');
  };
  const later = await Serials.open({ store, now: () => 0, logger });
  t.throws(() => later.next(), { code: 'unavailable' }, 'a full disk keeps no controller from starting');
  for (let i = 0; i < 100_000; i += 1) serials.next();
  t.throws(() => serials.next(), { code: 'unavailable', message: /store can't be written/ });
  await new Promise((resolve) => setImmediate(resolve));
  store.transact = transact;
  t.throws(() => serials.next());
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(serials.next(), 100_000);
});

t.test('serials are whole numbers, whatever the time is that they begin at', async (t) => {
  const store = new MemoryStore();
  await store.transact({ writes: [putJson(keys.leaseSerials, { reserved: 1000.25 })] });
  const open = (now: number) => Serials.open({ store, now: () => now, logger });
  t.equal((await open(999.5)).next(), 1001, 'also when an earlier version reserved a part of one');
  t.equal((await open(200_000.5)).next(), 200_001);
});
