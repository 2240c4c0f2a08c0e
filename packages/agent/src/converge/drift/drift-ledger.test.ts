import type { DriftPolicy } from '@shoal/common';
import { t } from 'tap';
import { member } from '../harness.test.support.js';
import type { RenderedService, RenderedStep } from '../render/rendered.js';
import { DriftLedger } from './drift-ledger.js';
import { isItsTurn } from './repair-turn.js';

const config = { service: 'web', step: 'config', difference: '-a\n+b' };
const unit = { service: 'web', step: 'unit', difference: 'start' };
const minute = 60_000;
const repair = (): DriftPolicy => 'repair';
const report = (): DriftPolicy => 'report';

/** A ledger in which these were seen at 0 and again at 2000. */
function standing(...found: (typeof config)[]): DriftLedger {
  const ledger = new DriftLedger(2000);
  ledger.saw(found, 0);
  ledger.saw(found, 2000);
  return ledger;
}

t.test('what is seen once counts only when it is still so a moment later', async (t) => {
  const ledger = new DriftLedger(2000);
  ledger.saw([config], 1000);
  t.same(ledger.report(report), []);
  t.same(ledger.suspected, [{ ...config, since: 1000, confirmed: false }]);
  ledger.saw([], 3000);
  t.same(ledger.suspected, [], 'somebody was at work, and is done');
  ledger.saw([config], 4000);
  ledger.saw([config], 6000);
  const told = { service: 'web', step: 'config', sinceMs: 4000, difference: '-a\n+b', policy: 'report' };
  t.same(ledger.report(report), [{ ...told, state: 'left', detail: '', retryAtMs: 0 }]);
  ledger.saw([], 7000);
  t.same(ledger.report(report), [], 'what was put right by hand is gone');
});

t.test('the policy says whether it is repaired', async (t) => {
  const ledger = standing(config, unit);
  t.same(ledger.due(report, 2000), []);
  t.equal(ledger.due(repair, 2000).length, 2);
  t.match(ledger.report(repair), [{ state: 'repairing' }, { state: 'repairing' }]);
  ledger.repaired([config], 'policy', 3000);
  t.match(ledger.report(repair), [{ step: 'unit' }]);
});

t.test('a repair that failed is tried again after a minute, then after longer and longer', async (t) => {
  const ledger = standing(config);
  let now = 2000;
  for (const minutes of [1, 2, 4, 8, 16, 30, 30]) {
    ledger.failed([config], 'web/config: refused', now);
    const retryAtMs = now + minutes * minute;
    t.match(ledger.report(repair), [{ state: 'failed', detail: 'web/config: refused', retryAtMs }]);
    ledger.saw([config], retryAtMs - 1);
    t.same(ledger.due(repair, retryAtMs - 1), []);
    now = retryAtMs;
    ledger.saw([config], now);
    t.equal(ledger.due(repair, now).length, 1, `after ${minutes} minutes`);
  }
});

t.test('what comes back after three repairs within ten minutes is left', async (t) => {
  const ledger = standing(config);
  let now = 2000;
  const again = (afterMs: number): void => {
    ledger.repaired([config], 'policy', now);
    ledger.saw([], now + 1);
    now += afterMs;
    ledger.saw([config], now);
    now += 2000;
    ledger.saw([config], now);
  };
  again(minute);
  again(minute);
  t.equal(ledger.due(repair, now).length, 1, 'twice it was repaired');
  again(minute);
  t.same(ledger.due(repair, now), []);
  t.match(ledger.report(repair), [{ state: 'flapping', detail: /3 times within 10m/ }]);
  for (let i = 0; i < 15; i += 1) {
    now += minute;
    ledger.saw([config], now);
  }
  t.match(ledger.report(repair), [{ state: 'flapping' }], 'also when the repairs are long ago');
  ledger.saw([], now + 1);
  now += 11 * minute;
  ledger.saw([], now);
  ledger.saw([config], now + 1);
  ledger.saw([config], now + 2001);
  t.equal(ledger.due(repair, now + 2001).length, 1, 'it held for ten minutes');
});

t.test('repairs that are far apart are no flapping, and an operator ends it', async (t) => {
  const ledger = standing(config);
  let now = 2000;
  for (let times = 0; times < 5; times += 1) {
    ledger.repaired([config], 'policy', now);
    now += 5 * minute;
    ledger.saw([config], now);
    now += 2000;
    ledger.saw([config], now);
    t.equal(ledger.due(repair, now).length, 1);
  }
  for (let times = 0; times < 3; times += 1) {
    ledger.repaired([config], 'policy', now);
    ledger.saw([config], now + 1);
    now += 3000;
    ledger.saw([config], now);
  }
  t.match(ledger.report(repair), [{ state: 'flapping' }]);
  ledger.repaired([config], 'operator', now);
  ledger.saw([config], now + 1);
  ledger.saw([config], now + 2001);
  t.equal(ledger.due(repair, now + 2001).length, 1);
});

t.test('differences are told within bounds, one by one and all together', async (t) => {
  const many = Array.from({ length: 12 }, (_, i) => ({
    service: 'web',
    step: `file-${i}`,
    difference: 'x'.repeat(100_000),
  }));
  const told = standing(...many).report(report);
  t.equal(told.length, 12, 'none is left out');
  t.match(told[0]?.difference, /^x{4000}\n\[cut\]$/);
  const characters = told.reduce((sum, { difference = '' }) => sum + difference.length, 0);
  t.ok(characters < 16_200, `${characters} characters`);
});

t.test('nodes restart a service that drains one after another', async (t) => {
  const step = {
    type: 'file',
    id: 'config',
    path: '/c',
    content: '',
    mode: 0o644,
    notify: 'restart',
  } as const;
  const quiet = { ...step, id: 'page', notify: null } as const;
  const drain = { on: 'restart', quietMs: 0, settleMs: 0, timeoutMs: 0 } as const;
  const service = serviceOf([step, quiet], drain);
  const others = (tags: Readonly<Record<string, string>>) =>
    ['a', 'b'].map((name) => ({ ...member(name, '127.40.7.9'), tags }));
  const serving = others({ svc: 'api:h' });
  const turn = { service, steps: ['config'], since: 0, members: serving };
  t.ok(isItsTurn({ ...turn, node: 'a', now: 0 }), 'the first by name');
  t.notOk(isItsTurn({ ...turn, node: 'c', now: 9_999 }), 'two are before it');
  t.ok(isItsTurn({ ...turn, node: 'c', now: 10_000 }));
  const draining = others({ svc: 'api:h', drain: 'api' });
  t.notOk(isItsTurn({ ...turn, members: draining, node: 'c', now: 60_000 }), 'while another one drains');
  t.ok(
    isItsTurn({ ...turn, members: others({ svc: 'web:h' }), node: 'c', now: 0 }),
    'they run other services',
  );
  t.ok(isItsTurn({ ...turn, steps: ['page'], node: 'c', now: 0 }), 'it disturbs nobody');
  t.ok(isItsTurn({ ...turn, service: serviceOf([step]), node: 'c', now: 0 }), 'it has no drain');
});

function serviceOf(steps: readonly RenderedStep[], drain?: RenderedService['drain']): RenderedService {
  return { name: 'api', steps, ...(drain === undefined ? {} : { drain }) } as RenderedService;
}
