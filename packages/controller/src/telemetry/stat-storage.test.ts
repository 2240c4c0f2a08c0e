import t, { type Test } from 'tap';
import { sample } from './fixtures.test.support.js';
import { type OpenStatStorage, openStatStorage, type StatStorageOptions } from './stat-storage.js';

const hourMs = 3_600_000;
const now = 100 * hourMs;

async function open(
  t: Test,
  dir: string,
  options: Partial<StatStorageOptions> = {},
): Promise<OpenStatStorage> {
  const retention = { ageMs: 1e12, bytes: 1e9 };
  const storage = await openStatStorage({ dir, retention, now: () => now, ...options });
  t.teardown(() => storage.close());
  return storage;
}

t.test('samples are kept once and found by node and metric', async (t) => {
  const storage = await open(t, t.testdir({}));
  t.equal(await storage.append('web1', 'a', [sample(1, now - 20, { 'cpu.used': 0.5, 'load.1m': 1 })]), 1);
  t.equal(
    await storage.append('web1', 'a', [
      sample(1, now - 20, { 'cpu.used': 9 }),
      sample(2, now - 10, { 'cpu.used': 0.7 }),
    ]),
    2,
  );
  await storage.append('web2', 'a', [sample(1, now - 5, { 'cpu.used': 0.1, broken: Number.NaN })]);
  t.same(
    await storage.query({}),
    [
      {
        node: 'web1',
        metric: 'cpu.used',
        points: [
          [now - 20, 0.5],
          [now - 10, 0.7],
        ],
      },
      { node: 'web1', metric: 'load.1m', points: [[now - 20, 1]] },
      { node: 'web2', metric: 'cpu.used', points: [[now - 5, 0.1]] },
    ].map((series) => (series.points.length === 2 ? { ...series, points: [[now - 15, 0.6]] } : series)),
    'of one bucket',
  );
  t.same(await storage.query({ node: 'web1', metrics: ['cpu.used'], since: now - 20, until: now }), [
    {
      node: 'web1',
      metric: 'cpu.used',
      points: [
        [now - 20, 0.5],
        [now - 10, 0.7],
      ],
    },
  ]);
  t.same(await storage.query({ node: 'web9' }), []);
  t.same(storage.latest(), [
    { node: 'web1', at: now - 10, values: { 'cpu.used': 0.7 } },
    { node: 'web2', at: now - 5, values: { 'cpu.used': 0.1 } },
  ]);
  t.same(
    storage.latest('web2').map(({ node }) => node),
    ['web2'],
  );
  t.equal(storage.samples, 3);
});

/** Samples of ten hours, one in ten seconds, whose value is their number. */
async function fill(storage: OpenStatStorage): Promise<void> {
  const samples = Array.from({ length: 3600 }, (_, index) =>
    sample(index + 1, now - 10 * hourMs + index * 10_000, { value: index }),
  );
  for (let from = 0; from < samples.length; from += 100) {
    await storage.append('web1', 'a', samples.slice(from, from + 100));
  }
}

t.test('long ranges are averaged, from memory and from disk alike', async (t) => {
  const dir = t.testdir({});
  const storage = await open(t, dir, { segmentBytes: 5000 });
  await fill(storage);
  const long = await storage.query({ since: now - 10 * hourMs, until: now, points: 10 });
  const points = long[0]?.points ?? [];
  t.same(
    points.map(([, value]) => value),
    Array.from({ length: 10 }, (_, hour) => hour * 360 + 179.5),
  );
  t.ok(points.every(([at], index) => at > now - (10 - index) * hourMs && at < now - (9 - index) * hourMs));
  const hour = { since: now - hourMs, until: now, points: 6 };
  const recent = await storage.query(hour);
  t.equal(recent[0]?.points.length, 6);
  await storage.close();
  const again = await open(t, dir, { segmentBytes: 5000 });
  t.same(await again.query(hour), recent, 'after a restart');
  t.same(await again.query({ since: now - 10 * hourMs, until: now, points: 10 }), long);
  t.same(again.latest(), [{ node: 'web1', at: now - 10_000, values: { value: 3599 } }]);
  t.equal(await again.append('web1', 'a', [sample(3600, now, { value: 1 })]), 3600, 'known already');
  const small = await open(t, `${dir}`, { segmentBytes: 5000, recentSamples: 10 });
  t.same(await small.query(hour), recent, 'also when memory holds less than asked for');
});

t.test('metrics come and go', async (t) => {
  const storage = await open(t, t.testdir({}), { recentSamples: 4 });
  for (let index = 1; index <= 6; index += 1) {
    const at = now - 1000 + index;
    await storage.append('web1', 'a', [sample(index, at, index < 5 ? { a: index } : { b: index })]);
  }
  const query = { since: now - 997, until: now, points: 1000 };
  t.same(await storage.query(query), [
    {
      node: 'web1',
      metric: 'a',
      points: [
        [now - 997, 3],
        [now - 996, 4],
      ],
    },
    {
      node: 'web1',
      metric: 'b',
      points: [
        [now - 995, 5],
        [now - 994, 6],
      ],
    },
  ]);
});

t.test('an answer that would be too large is refused', async (t) => {
  const storage = await open(t, t.testdir({}), { recentSamples: 5000 });
  const values = Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`m${index}`, index]));
  const samples = Array.from({ length: 5000 }, (_, index) => sample(index + 1, now - 5000 + index, values));
  await storage.append('web1', 'a', samples);
  await t.rejects(storage.query({ since: now - 5000, until: now, points: 5000 }), {
    code: 'resource_exhausted',
  });
  t.equal((await storage.query({ since: now - 5000, until: now, points: 100 })).length, 110);
});

t.test('retention applies to samples too', async (t) => {
  const clock = { now };
  const dir = t.testdir({});
  const storage = await open(t, dir, { now: () => clock.now, retention: { ageMs: hourMs, bytes: 1e9 } });
  await storage.append('web1', 'a', [sample(1, now, { a: 1 })]);
  clock.now += 2 * hourMs;
  await storage.retain();
  t.equal(storage.bytes, 0);
});
