import { test } from 'tap';
import { resolveConfig } from '../config.js';
import { RoundTrips } from './round-trips.js';

const lan = resolveConfig('lan');

test('as long as nothing was measured, the longest timeout counts', async (t) => {
  t.equal(new RoundTrips(lan).timeout('a'), 500);
});

test('a timeout is four times the longest round trip of late, within its bounds', async (t) => {
  const trips = new RoundTrips(lan);
  for (const [ms, timeout] of [
    [1, 200],
    [80, 320],
    [1, 288],
    [1, 259.2],
    [4000, 500],
  ] as const) {
    trips.measured('a', ms);
    t.equal(Math.round(trips.timeout('b') * 10) / 10, timeout, `after ${ms} ms`);
  }
});

test('a peer that is slow is remembered as such, until it no longer is', async (t) => {
  const trips = new RoundTrips(lan);
  trips.measured('far', 300);
  for (let i = 0; i < 50; i++) trips.measured('near', 1);
  t.equal(trips.timeout('near'), 200);
  t.equal(trips.timeout('far'), 500);
  t.ok(trips.isSlow('far'));
  for (let i = 0; i < 50; i++) trips.measured('far', 1);
  t.equal(trips.timeout('far'), 200);
  t.notOk(trips.isSlow('far'));
});

test('a round trip beyond any timeout, as after a stop of this process, is forgotten as soon as others', async (t) => {
  const trips = new RoundTrips(lan);
  trips.measured('a', 60_000);
  for (let i = 0; i < 15; i++) trips.measured('a', 1);
  t.notOk(trips.isSlow('a'));
});

test('slow peers beyond a bound are forgotten, the longest known first', async (t) => {
  const trips = new RoundTrips(lan);
  for (let i = 0; i < 5000; i++) trips.measured(`p${i}`, 300);
  for (let i = 0; i < 50; i++) trips.measured('near', 1);
  t.equal(trips.timeout('p0'), 200);
  t.equal(trips.timeout('p4999'), 500);
});

test('without adaptive timeouts there is only one', async (t) => {
  const trips = new RoundTrips(resolveConfig('lan', { judgment: 'memberlist' }));
  trips.measured('a', 1);
  t.equal(trips.timeout('a'), 500);
  t.notOk(trips.isSlow('a'));
});
