import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClockReading, createLogger } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import t, { type Test } from 'tap';
import type { Actor } from '../services.js';
import { MemoryStore } from '../store/memory-store.js';
import { KeptClock } from './kept-clock.js';
import { LicenseKeeper } from './license-keeper.js';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse('2026-03-01T00:00:00Z');
const ann: Actor = { name: 'ann', role: 'admin', door: 'grpc' };

/** A controller's host whose clock the test sets. */
async function world(t: Test, wall = start) {
  const clock = { wall, bootTime: 1000, bootId: 'boot-1' };
  const store = new MemoryStore();
  const vendor = await TestVendor.create(() => start);
  const log: string[] = [];
  const logger = createLogger({
    name: 'test',
    level: 'info',
    destination: { write: (line) => log.push(line) },
  });
  const read = (): ClockReading => ({ ...clock });
  const open = async (file?: string): Promise<LicenseKeeper> => {
    const kept = await KeptClock.open({ store, read, logger });
    const keeper = await LicenseKeeper.open({
      ...{ store, clusterId: 'c1', trust: vendor.trust, clock: kept, logger },
      ...(file === undefined ? {} : { file }),
      leaseTtlMs: undefined,
      places: () => [],
    });
    t.teardown(() => keeper.stop());
    return keeper;
  };
  /** The host runs for so long; the keeper looks each minute, as it does by itself. */
  const run = async (keeper: LicenseKeeper, ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += Math.min(ms, 60_000)) {
      clock.wall += Math.min(ms, 60_000);
      clock.bootTime += Math.min(ms, 60_000);
      await keeper.check();
    }
  };
  /** The host is off for so long, and boots. */
  const off = (ms: number): void => {
    clock.wall += ms;
    clock.bootId += '-later';
    clock.bootTime = 30_000;
  };
  return { clock, store, vendor, log, open, run, off };
}

t.test('a clock set back makes no license longer, over restarts and reboots too', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(await w.vendor.issue({ id: 'L-1', expiresAt: start + 3 * hour, graceMs: hour }), ann);
  await w.run(keeper, 2 * hour);
  w.clock.wall -= 300 * day;
  await w.run(keeper, 1.5 * hour);
  t.equal(keeper.standing.state, 'grace');
  t.match(keeper.warnings(), [
    { message: /ended/ },
    { message: /^On the controller's host the clock is behind by 300d; time counts on without it$/ },
  ]);
  await keeper.stop();
  const rebooted = await w.open();
  w.clock.bootId = 'boot-2';
  w.clock.bootTime = 10;
  await rebooted.check();
  t.equal(rebooted.standing.state, 'grace', 'the time of the last run is kept');
  await w.run(rebooted, hour);
  t.equal(rebooted.standing.state, 'expired');
});

t.test('a clock in 2100 burns nothing at once, and says that it will', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(await w.vendor.issue({ id: 'L-1', tier: 'premium' }), ann);
  const far = Date.parse('2100-01-01T00:00:00Z') - start;
  w.clock.wall += far;
  await w.run(keeper, hour / 2);
  t.match(keeper.view(), {
    tier: 'premium',
    status: 'active',
    warnings: [{ message: /clock is ahead by .*unless it is set right/ }],
  });
  t.match(w.log.join(''), /the clock leapt ahead by/);
  w.clock.wall -= far;
  await w.run(keeper, hour / 2);
  t.match(keeper.view(), { tier: 'premium', status: 'active', warnings: [] }, 'and back: nothing is burnt');
  w.clock.wall += far;
  await w.run(keeper, hour + 60_000);
  t.match(keeper.view(), { tier: 'free', status: 'expired' }, 'what stays is believed');
  t.match(w.log.join(''), /the clock stayed ahead: time counts from it now/);
  w.clock.wall -= far;
  await w.run(keeper, hour);
  t.match(
    keeper.view(),
    { tier: 'free', warnings: [{ message: /ended/ }, { message: /clock is behind/ }] },
    'setting it back brings nothing back',
  );
  await t.rejects(keeper.install(await w.vendor.issue({ id: 'L-1', tier: 'premium' }), ann), {
    code: 'failed_precondition',
  });
  const toCome = await w.vendor.issue({ id: 'L-9', notBefore: start + 30 * day });
  await t.rejects(keeper.install(toCome, ann), { code: 'failed_precondition' }, 'nor one that is to come');
  const fresh = await w.vendor.issue({ id: 'L-2', tier: 'premium' });
  t.match(
    await keeper.preview(fresh),
    { tier: 'premium', licenseId: 'L-2', warnings: [], outcome: { counts: 'now' } },
    'a license that was never seen would bring it back',
  );
  t.match(keeper.view(), { tier: 'free', warnings: [{ message: /ended/ }, { message: /clock is behind/ }] });
  t.match(
    await keeper.install(fresh, ann),
    { tier: 'premium', licenseId: 'L-2', warnings: [] },
    'and does, once it is installed',
  );
});

t.test('a clock in 1970 takes no license, and says what to do', async (t) => {
  const w = await world(t, 1000);
  const keeper = await w.open();
  await t.rejects(keeper.install(await w.vendor.issue(), ann), {
    code: 'failed_precondition',
    message: /clock/,
    hint: /clock/,
  });
  w.clock.wall = start + hour;
  await w.run(keeper, 2 * hour);
  await keeper.install(await w.vendor.issue({ tier: 'premium' }), ann);
  t.equal(keeper.standing.state, 'active');
  await keeper.stop();
  w.clock.wall = 1000;
  const again = await w.open();
  t.equal(again.standing.state, 'active', 'after it was right once, its time is known');
});

t.test('a license that was made while the host was off counts as it boots', async (t) => {
  const w = await world(t);
  const file = join(t.testdir(), 'license');
  const { wall } = w.clock;
  await writeFile(file, await w.vendor.issue({ id: 'old', tier: 'premium', expiresAt: wall + 20 * day }));
  const keeper = await w.open(file);
  await w.run(keeper, hour);
  await keeper.stop();
  w.off(26 * hour);
  const made = { issuedAt: w.clock.wall - hour, notBefore: w.clock.wall - hour };
  const fresh = await w.vendor.issue({ id: 'new', tier: 'premium', ...made });
  await writeFile(file, fresh);
  const booted = await w.open(file);
  t.match(booted.view(), { licenseId: 'new', status: 'active', problems: [] });
  t.equal(booted.now(), made.issuedAt, 'no more of the clock is believed than that');
  await booted.stop();
  w.off(26 * hour);
  const third = { issuedAt: w.clock.wall - 25 * hour, notBefore: w.clock.wall - hour };
  await writeFile(file, await w.vendor.issue({ id: 'third', tier: 'enterprise', ...third }));
  t.match((await w.open(file)).view(), { licenseId: 'third', status: 'active' }, 'one that began meanwhile');
});

t.test('such a license can be installed, also where the clock was in 1970 at first', async (t) => {
  const w = await world(t, 1000);
  const keeper = await w.open();
  w.clock.wall = start + 2 * hour;
  const first = await w.vendor.issue({ id: 'L-1', tier: 'e-commerce' });
  t.match(await keeper.preview(first), { licenseId: 'L-1', outcome: { counts: 'now' } });
  t.ok(keeper.now() < day, 'looking changes nothing');
  t.match(await keeper.install(first, ann), { licenseId: 'L-1', outcome: { counts: 'now' } });
  w.off(40 * day);
  const later = { issuedAt: start + 20 * day, notBefore: start + 30 * day };
  const second = await w.vendor.issue({ id: 'L-2', tier: 'premium', ...later });
  t.match(
    await keeper.install(second, ann),
    { licenseId: 'L-1', outcome: { counts: 'later' } },
    'where one counts the clock is held: it may be wrong',
  );
});

t.test('a clock that leapt ahead for a moment begins no license that is to come', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(await w.vendor.issue({ id: 'L-1', notBefore: start + 30 * day }), ann);
  w.clock.wall += 80 * 365 * day;
  await w.run(keeper, hour / 2);
  t.match(keeper.view(), { status: 'none', next: [{ licenseId: 'L-1' }] });
  t.ok(keeper.now() <= start + hour);
});

t.test('a license that ended is not brought back by the clock, wherever it counted', async (t) => {
  const w = await world(t);
  const file = join(t.testdir(), 'license');
  const term = { expiresAt: start + 3 * hour, graceMs: hour };
  const text = await w.vendor.issue({ id: 'L-1', tier: 'premium', ...term });
  await writeFile(file, text);
  const keeper = await w.open(file);
  await w.run(keeper, 5 * hour);
  t.equal(keeper.standing.state, 'expired');
  await keeper.stop();
  await rm(file);
  w.clock.wall = start + 60_000;
  const again = await w.open();
  await t.rejects(again.preview(text), { code: 'failed_precondition', message: /expired/ });
  await t.rejects(again.install(text, ann), { code: 'failed_precondition', message: /expired/ });
  t.ok(again.now() >= start + 5 * hour, 'the time is what it was');
});

t.test('the time is begun anew only with a license that is kept', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  for (let count = 1; count <= 10; count += 1)
    await keeper.install(await w.vendor.issue({ id: `old-${count}`, expiresAt: start + count * day }), ann);
  w.clock.wall += 900 * day;
  await w.run(keeper, 2 * hour);
  const toCome = await w.vendor.issue({
    id: 'later',
    notBefore: w.clock.wall + day,
    expiresAt: w.clock.wall + 9 * day,
  });
  t.match(await keeper.install(toCome, ann), { next: [{ licenseId: 'later' }] }, 'what is over makes room');
  t.equal(keeper.view().problems.length, 9, 'the one that was over first is gone');
  const burnt = keeper.now();
  w.clock.wall = start + hour;
  await keeper.check();
  const fresh = await w.vendor.issue({ id: 'fresh', tier: 'premium' });
  await t.rejects(keeper.install(fresh, ann), { code: 'resource_exhausted' });
  t.ok(keeper.now() >= burnt, 'nothing of one that there is no room for');
  await keeper.remove('later', ann);
  const transact = w.store.transact.bind(w.store);
  w.store.transact = async () => {
    throw new Error('disk full');
  };
  await t.rejects(keeper.install(fresh, ann), /disk full/);
  t.ok(keeper.now() >= burnt, 'nor of one that could not be stored');
  w.store.transact = transact;
  t.match(await keeper.install(fresh, ann), { status: 'expiring' });
  t.ok(keeper.now() < start + day);
});
