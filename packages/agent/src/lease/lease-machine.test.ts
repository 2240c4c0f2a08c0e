import type { LeaseState } from '@shoal/common';
import t from 'tap';
import {
  freeGrant,
  keepMs,
  licenseWarnMs,
  noLease,
  restoredMs,
  startMachine,
  stepLease,
  untilChange,
} from './lease-machine.js';
import type { HeldLease, LeaseEffect, LeaseMachine } from './lease-states.js';

const hour = 3600_000;
const begin = 1_800_000_000_000;

function lease(part: Partial<HeldLease> = {}): HeldLease {
  return {
    serial: 1,
    tier: 'premium',
    limits: { requestsPerSecond: 5000 },
    startsAt: begin,
    endsAt: begin + 10 * hour,
    graceMs: 2 * hour,
    licenseId: 'l-1',
    licenseExpiresAt: begin + 400 * 24 * hour,
    ...part,
  };
}

const paid = { tier: 'premium', limits: { requestsPerSecond: 5000 } };

/** Effects without the sentences. */
function done(effects: readonly LeaseEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'say') return [];
    if (effect.kind === 'pools') return [`pools ${effect.pools}`];
    return [effect.kind === 'limits' ? `limits ${effect.grant.tier}` : effect.kind];
  });
}

/** Lets time go on from moment to moment at which something changes, and gives what happened: hours since the begin, state, effects. */
function live(machine: LeaseMachine, from: number): [number, LeaseState, string[]][] {
  const story: [number, LeaseState, string[]][] = [];
  let now = from;
  for (let left = untilChange(machine, now); Number.isFinite(left); left = untilChange(machine, now)) {
    now += left;
    const step = stepLease(machine, { kind: 'tick' }, now);
    machine = step.machine;
    story.push([(now - begin) / hour, machine.state, done(step.effects)]);
  }
  return story;
}

t.test('a lease that nobody renews: active, warning, expired, degraded', (t) => {
  const first = startMachine(lease(), begin);
  t.match(first, { state: 'active', why: 'ok', demands: { gossip: true, pools: 'live', manifests: true } });
  t.strictSame(first.demands.grant, paid);
  t.strictSame(live(first, begin), [
    [5, 'warning', ['pools kept', 'renew']],
    [10, 'expired', ['renew']],
    [12, 'degraded', ['pools frozen', 'leaveGossip', 'refuseManifests', 'limits free', 'renew']],
    [400 * 24 - licenseWarnMs / hour, 'degraded', []],
  ]);
  t.end();
});

t.test('the grant ends with the grace, neither before nor after', (t) => {
  const end = begin + 12 * hour;
  const machine = startMachine(lease(), begin);
  t.strictSame(stepLease(machine, { kind: 'tick' }, end - 1).machine.demands.grant, paid);
  t.strictSame(stepLease(machine, { kind: 'tick' }, end).machine.demands.grant, freeGrant);
  const bare = startMachine(lease({ graceMs: 0 }), begin);
  t.equal(
    stepLease(bare, { kind: 'tick' }, begin + 10 * hour).machine.state,
    'degraded',
    'without grace at once',
  );
  t.end();
});

t.test('a renewal in time brings every state back to active', (t) => {
  for (const [after, state, expected] of [
    [1, 'active', []],
    [6, 'warning', []],
    [11, 'expired', []],
  ] as const) {
    const now = begin + after * hour;
    const late = stepLease(startMachine(lease(), begin), { kind: 'tick' }, now).machine;
    t.equal(late.state, state);
    const fresh = lease({ serial: 2, startsAt: now, endsAt: now + 10 * hour });
    const { machine, effects } = stepLease(late, { kind: 'lease', lease: fresh }, now);
    t.equal(machine.state, 'active', state);
    t.strictSame(done(effects), expected, state);
    t.equal(machine.demands.pools, state === 'active' ? 'live' : 'kept', 'peers have a minute to come back');
    const later = stepLease(machine, { kind: 'tick' }, now + keepMs);
    t.equal(later.machine.demands.pools, 'live');
  }
  t.end();
});

t.test('a lease after the end restores all: restored, then active', (t) => {
  const now = begin + 20 * hour;
  const lapsed = startMachine(lease(), now);
  t.match(lapsed, { state: 'degraded', why: 'unrenewed', demands: { gossip: false, pools: 'frozen' } });
  const fresh = lease({ serial: 9, startsAt: now, endsAt: now + 10 * hour });
  const { machine, effects } = stepLease(lapsed, { kind: 'lease', lease: fresh }, now);
  t.equal(machine.state, 'restored');
  t.strictSame(done(effects), ['pools kept', 'joinGossip', 'takeManifests', 'limits premium']);
  t.match(effects[0], { kind: 'say', level: 'info', text: /^a lease came: the tier premium/ });
  t.strictSame(live(machine, now).slice(0, 3), [
    [20 + restoredMs / hour, 'active', []],
    [20 + keepMs / hour, 'active', ['pools live']],
    [25, 'warning', ['pools kept', 'renew']],
  ]);
  t.end();
});

t.test('pools are kept while a clock that is not believed yet says that the lease is late', (t) => {
  const claimed = begin + 300 * hour;
  const booted = startMachine(lease(), begin, claimed);
  t.match(booted, { state: 'active', isClaimedLate: true, demands: { gossip: true, pools: 'kept' } });
  t.equal(startMachine(lease(), begin, begin + 4.9 * hour).demands.pools, 'live', 'half of the term is left');
  const believed = stepLease(booted, { kind: 'tick' }, claimed);
  t.strictSame(done(believed.effects).slice(0, 2), ['pools frozen', 'leaveGossip']);
  t.notOk(believed.machine.isClaimedLate);
  const right = stepLease(booted, { kind: 'tick' }, begin + 1);
  t.strictSame(done(right.effects), ['pools live'], 'the clock was set right');
  const fresh = lease({ serial: 2, startsAt: claimed, endsAt: claimed + 10 * hour });
  const renewed = stepLease(booted, { kind: 'lease', lease: fresh }, claimed).machine;
  t.match(renewed, { state: 'active', demands: { pools: 'kept' } }, 'peers have a minute to come back');
  t.equal(stepLease(renewed, { kind: 'tick' }, claimed + keepMs).machine.demands.pools, 'live');
  t.end();
});

t.test('a lease that came too late already restores nothing', (t) => {
  const now = begin + 20 * hour;
  const { machine, effects } = stepLease(noLease, { kind: 'lease', lease: lease() }, now);
  t.equal(machine.state, 'degraded');
  t.strictSame(done(effects), []);
  t.end();
});

t.test('the first lease of a node makes it active', (t) => {
  const { machine, effects } = stepLease(noLease, { kind: 'lease', lease: lease() }, begin);
  t.equal(machine.state, 'active');
  t.strictSame(done(effects), ['pools kept', 'joinGossip', 'takeManifests', 'limits premium']);
  t.end();
});

t.test('a node without a lease, and one that forgets its own, are degraded', (t) => {
  t.match(startMachine(null, begin), { state: 'degraded', why: 'none', demands: { grant: freeGrant } });
  t.equal(untilChange(noLease, begin), Number.POSITIVE_INFINITY);
  const { machine, effects } = stepLease(startMachine(lease(), begin), { kind: 'forget' }, begin);
  t.strictSame(machine, noLease);
  t.strictSame(done(effects), ['pools frozen', 'leaveGossip', 'refuseManifests', 'limits free']);
  t.strictSame(stepLease(machine, { kind: 'tick' }, begin).effects, []);
  t.end();
});

t.test('the end of the license is told a week before, and cuts nothing by itself', (t) => {
  const soon = lease({ licenseExpiresAt: begin + licenseWarnMs - 1 });
  const { machine, effects } = stepLease(noLease, { kind: 'lease', lease: soon }, begin);
  t.match(machine, { state: 'warning', why: 'license', demands: { gossip: true, manifests: true } });
  t.match(effects[0], { kind: 'say', level: 'warn', text: /license ends at 2027-/ });
  const none = startMachine(lease({ licenseExpiresAt: null }), begin);
  t.equal(none.state, 'active', 'a cluster without a license has none to end');
  t.end();
});

t.test('another tier changes the limits and is said, whatever the state', (t) => {
  const machine = startMachine(lease(), begin);
  const free = lease({ serial: 2, ...freeGrant });
  const { effects } = stepLease(machine, { kind: 'lease', lease: free }, begin);
  t.match(effects, [
    { kind: 'say', text: /grants the tier free/ },
    { kind: 'limits', grant: freeGrant },
  ]);
  const same = stepLease(machine, { kind: 'lease', lease: lease({ serial: 2 }) }, begin);
  t.strictSame(same.effects, [], 'a renewal without news is silent');
  t.end();
});

t.test('what is said names the tier, the moment and what follows', (t) => {
  const machine = startMachine(lease(), begin);
  const at = (hours: number) => stepLease(machine, { kind: 'tick' }, begin + hours * hour).effects[0];
  t.match(at(6), {
    level: 'warn',
    text: 'the lease was not renewed for 6 h: the tier premium ends at 2027-01-15T20:00:00Z unless the controller is reached',
  });
  t.match(at(5.98), { text: /was not renewed for 5 h: / }, 'no more than went by');
  const short = stepLease(
    startMachine(lease({ endsAt: begin + 90_000 }), begin),
    { kind: 'tick' },
    begin + 46_000,
  );
  t.match(short.effects[0], { text: /was not renewed for 46 s: / });
  t.match(at(11), {
    level: 'error',
    text: /^the lease has ended after 11 h .* goes on until 2027-01-15T20:00:00Z/,
  });
  t.match(at(72), {
    level: 'error',
    text: /^the lease has ended after 3 d .* limits of the free tier apply/,
  });
  t.end();
});
