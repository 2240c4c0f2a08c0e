import t from 'tap';
import { sample } from '../telemetry/fixtures.test.support.js';
import { openStatStorage } from '../telemetry/stat-storage.js';
import { refusedRequests, refusedWarnings } from './refused-requests.js';

const now = 10_000_000;

t.test(
  'refusals of the last minutes are told by node and service, as the rate while they lasted',
  async (t) => {
    const stats = await openStatStorage({
      dir: t.testdir(),
      retention: { ageMs: 1e12, bytes: 1e9 },
      now: () => now,
    });
    t.teardown(() => stats.close());
    const none = async (why: string): Promise<void> => {
      t.same(await refusedRequests(stats, now), [], why);
    };
    await none('no samples');
    const tell = async (
      node: string,
      service: string,
      rates: readonly (readonly [number, number, number])[],
    ) => {
      const name = `service.${service}`;
      const samples = rates.map(([at, refused, requests], index) =>
        sample(index + 1, now + at, {
          [`${name}.refused_per_s`]: refused,
          [`${name}.requests_per_s`]: requests,
        }),
      );
      await stats.append(node, `${node} ${service}`, samples);
    };
    await tell('a', 'web', [[-400_000, 50, 90]]);
    await tell('z', 'web', [[-10_000, 0, 90]]);
    await none('refused long ago, or nothing');
    await tell('b', 'lb', [
      [-310_000, 900, 1000],
      [-200_000, 0, 20],
      [-190_000, 100, 290],
      [-180_000, 120, 310],
      [-10_000, 0, 10],
    ]);
    await tell('c', 'web.v2', [[-500, 0.25, 9.5]]);
    const refusals = await refusedRequests(stats, now);
    t.same(refusals, [
      { node: 'b', service: 'lb', refused: 110, requests: 300 },
      { node: 'c', service: 'web.v2', refused: 0.25, requests: 9.5 },
    ]);
    t.same(refusedWarnings(refusals, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]), [
      'node b: lb refused 110 of 300 requests/s within the last 5 min, by the limit of its lease',
      'node c: web.v2 refused 0.25 of 9.5 requests/s within the last 5 min, by the limit of its lease',
    ]);
    t.same(refusedWarnings(refusals, []), [], 'nodes that were removed');
  },
);
