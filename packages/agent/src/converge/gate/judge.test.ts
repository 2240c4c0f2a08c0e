import t from 'tap';
import { bucketCount, bucketOf } from '../../observe/traffic/histogram.js';
import { ServiceTraffic } from '../../observe/traffic/service-traffic.js';
import type { TrafficWindow } from '../../observe/traffic/window.js';
import { type GateRules, gateRules, judge } from './judge.js';
import { TriedTimes, together } from './tried-times.js';

/** `latencies`: share of the requests to seconds. */
function traffic(
  ms: number,
  requests: number,
  errors = 0,
  latencies: readonly (readonly [number, number])[] = [],
): TrafficWindow {
  const latency = new Array<number>(bucketCount).fill(0);
  for (const [share, seconds] of latencies) {
    const bucket = bucketOf(seconds);
    latency[bucket] = (latency[bucket] ?? 0) + Math.round(share * requests);
  }
  return { ms, requests, errors, latency };
}

const rules = gateRules({ observeMs: 5000 }, true);
const busy = traffic(60_000, 30_000, 30, [[1, 0.002]]);

t.test('what is asked for completes the defaults', (t) => {
  t.strictSame(gateRules(undefined, true), {
    observeMs: 5000,
    maxErrorRateIncrease: 0.01,
    maxLatencyIncrease: 0.5,
    minRequests: 20,
  });
  t.equal(gateRules(null, false).observeMs, 0);
  t.match(gateRules({ observeMs: 0, minRequests: 0, maxErrorRateIncrease: 0 }, true), {
    observeMs: 0,
    maxErrorRateIncrease: 0,
    minRequests: 0,
  });
  t.end();
});

t.test('traffic after a change is judged by that before', (t) => {
  const slow = traffic(60_000, 30_000, 0, [[1, 0.1]]);
  const none = traffic(60_000, 0);
  const table: readonly (readonly [string, TrafficWindow | undefined, TrafficWindow, string])[] = [
    ['as before', busy, traffic(5000, 2500, 2, [[1, 0.002]]), 'pass'],
    ['still time', busy, traffic(2000, 1000, 1, [[1, 0.002]]), 'watch'],
    ['within the margin', busy, traffic(5000, 2500, 25, [[1, 0.002]]), 'pass'],
    ['beyond the margin', busy, traffic(5000, 2500, 30, [[1, 0.002]]), 'fail'],
    ['beyond it so far, but the rest may be good', busy, traffic(1000, 500, 20, [[1, 0.002]]), 'watch'],
    ['even if the rest were good', busy, traffic(1000, 500, 60, [[1, 0.002]]), 'fail'],
    ['everything fails: seen at once', busy, traffic(100, 40, 40), 'fail'],
    ['too few to say', busy, traffic(1000, 19, 19), 'watch'],
    ['one bad request is chance', busy, traffic(5000, 21, 1), 'pass'],
    ['nothing came', busy, traffic(5000, 0), 'pass'],
    ['nothing known before, all fails', none, traffic(5000, 100, 100), 'fail'],
    ['new here, all fails', undefined, traffic(5000, 100, 100), 'fail'],
    ['it failed before as it does now', traffic(60_000, 100, 50), traffic(5000, 100, 50), 'pass'],
    ['slower than half as much again', slow, traffic(5000, 2500, 0, [[1, 0.2]]), 'fail'],
    ['slower by less', slow, traffic(5000, 2500, 0, [[1, 0.14]]), 'pass'],
    [
      'a few slow ones at the start',
      slow,
      traffic(500, 250, 0, [
        [0.4, 1],
        [0.6, 0.1],
      ]),
      'watch',
    ],
    ['slow: certain before the time is over', slow, traffic(1000, 500, 0, [[1, 1]]), 'fail'],
    ['a millisecond more is noise', busy, traffic(5000, 2500, 0, [[1, 0.006]]), 'pass'],
    ['no latencies before', traffic(60_000, 3000), traffic(5000, 2500, 0, [[1, 1]]), 'pass'],
  ];
  for (const [what, before, after, expected] of table) {
    t.equal(judge(before, after, rules).verdict, expected, what);
  }
  t.end();
});

t.test('the reason is one sentence with both figures', (t) => {
  const reason = (before: TrafficWindow | undefined, after: TrafficWindow): string => {
    const judgment = judge(before, after, rules);
    return judgment.verdict === 'watch' ? 'watch' : judgment.reason;
  };
  t.equal(
    reason(busy, traffic(1000, 500, 250)),
    '50 % of 500 requests failed in the 1s after the change, 0.1 % of 30000 before; at most 1.1 % may',
  );
  t.equal(
    reason(undefined, traffic(5000, 500, 250)),
    '50 % of 500 requests failed in the 5s after the change, nothing known before; at most 1 % may',
  );
  t.match(
    reason(busy, traffic(5000, 500, 0, [[1, 0.3]])),
    /^95 % of 500 requests took up to 3\d\d ms in the 5s after the change, up to 2 ms before; up to 8(\.1)? ms is allowed$/,
  );
  t.equal(reason(busy, traffic(5082, 0)), 'no request in 5s: nothing to judge');
  t.equal(reason(busy, traffic(5000, 3)), '3 requests in 5s: too few to judge (20)');
  t.match(
    reason(busy, traffic(5000, 2500, 2, [[1, 0.002]])),
    /^2500 requests in 5s, 0\.08 % failed \(0\.1 % of 30000 before\), 95 % within 2 ms \(2 ms before\)$/,
  );
  t.end();
});

t.test('time in which something was tried and taken back is left out of the minute before', (t) => {
  const tried = new TriedTimes();
  const good = (now: number): readonly (readonly [number, number])[] =>
    tried.goodTime('web', now).map(({ from, until }) => [from / 1000, until / 1000] as const);
  t.strictSame(good(1_000_000), [[940, 1000]], 'nothing was');
  tried.begins('web', 1_000_500);
  tried.begins('web', 1_002_000);
  tried.failed(1_010_300);
  tried.begins('api', 1_010_300);
  tried.succeeded(1_010_400, false);
  // What was logged late belongs to it as well.
  t.strictSame(good(1_012_000), [[940, 1000]]);
  t.strictSame(good(1_030_000), [
    [1012, 1030],
    [958, 1000],
  ]);
  t.strictSame(good(1_100_000), [[1040, 1100]]);
  // Another revision serves from 1100 on, and is undone at 1130 since other nodes failed.
  tried.begins('web', 1_100_000);
  tried.succeeded(1_103_000, false);
  tried.begins('web', 1_125_000);
  tried.succeeded(1_130_000, true);
  t.strictSame(good(1_135_000), [
    [1131, 1135],
    [1044, 1100],
  ]);
  t.strictSame(tried.goodTime('other', 5000), [{ from: 0, until: 5000 }], 'a host that was just started');
  tried.begins('web', 0);
  tried.failed(2_000_000);
  t.strictSame(good(2_000_500), [], 'an agent that came back in the midst of it knows no good time');
  t.end();
});

t.test('several stretches are judged as one', (t) => {
  const both = together([traffic(10_000, 100, 1, [[1, 0.002]]), traffic(50_000, 500, 4, [[1, 0.002]])]);
  t.match(both, { ms: 60_000, requests: 600, errors: 5 });
  t.equal(both?.latency[bucketOf(0.002)], 600);
  t.equal(together([]), undefined);
  t.equal(together([traffic(1, 1), undefined]), undefined);
  t.end();
});

/** Tries a change whose requests fail by this share, at 10 requests a second, until the gate has judged it; how it did each time. */
function tryAgain(times: number, share: (attempt: number) => number, rules: GateRules): string[] {
  const traffic = new ServiceTraffic();
  const tried = new TriedTimes();
  let now = 1_000_000;
  let due = 0;
  const serve = (ms: number, failing: number): void => {
    for (const end = now + ms; now < end; now += 100) {
      due += failing;
      const isBad = due >= 1;
      if (isBad) due -= 1;
      traffic.count({ status: isBad ? 500 : 200, seconds: isBad ? 0.2 : 0.002, isRefused: false }, now);
    }
  };
  serve(120_000, 0);
  return Array.from({ length: times }, (_, attempt) => {
    const before = together(tried.goodTime('web', now).map(({ from, until }) => traffic.window(from, until)));
    tried.begins('web', now);
    serve(2000, share(attempt));
    const since = now;
    for (;;) {
      serve(500, share(attempt));
      const judgment = judge(before, { ...traffic.window(since, now), ms: now - since }, rules);
      if (judgment.verdict === 'watch') continue;
      if (judgment.verdict === 'fail') {
        // Its undoing takes time, too.
        serve(3000, share(attempt));
        tried.failed(now);
        serve(4000, 0);
      }
      return judgment.verdict === 'fail' ? judgment.reason : judgment.verdict;
    }
  });
}

t.test('however often a bad change is tried, no more of it is tolerated', (t) => {
  const rules = gateRules({ observeMs: 20_000, minRequests: 60 }, true);
  for (const share of [1, 0.5, 0.1]) {
    const reasons = tryAgain(6, () => share, rules);
    t.equal(reasons.length, 6);
    for (const reason of reasons) t.match(reason, /, 0 % of \d+ before; at most 1 % may$/, `${share}`);
  }
  const others = tryAgain(6, (attempt) => [1, 0.3, 0.8, 0.05, 0.5, 0.03][attempt] ?? 0, rules);
  for (const reason of others) t.match(reason, /at most 1 % may$/, 'one bad change after another');
  t.end();
});
