import { join } from 'node:path';
import { seededRandom } from '@shoal/gossip/sim';
import t from 'tap';
import { createTrustedClock, leapHoldMs } from './create-trusted-clock.js';
import { describeClockDoubt, describeClockEvent } from './describe-clock.js';
import { readClock } from './read-clock.js';
import type { ClockEvent, TrustedClock } from './trusted-clock.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const term = 7 * day;
const begin = Date.UTC(2026, 2, 1);

/** A host whose clock is set, which is switched off and whose disk comes back from snapshots. */
class Host {
  /** True time. */
  at = begin;
  /** What the wall clock is off by. */
  off = 0;
  /** Running time in all, suspend included. */
  ran = 0;
  readonly events: ClockEvent[] = [];
  clock: TrustedClock;
  hostId: string | undefined = 'h';
  #boot = 1;
  #bootedAt = begin - hour;

  constructor(off = 0) {
    this.off = off;
    this.clock = createTrustedClock(null, this.reading);
    this.tick();
  }

  get reading() {
    const { hostId } = this;
    const bootTime = this.at - this.#bootedAt;
    return { wall: this.at + this.off, bootId: `boot-${this.#boot}`, bootTime, hostId };
  }

  tick(): void {
    this.events.push(...this.clock.tick(this.reading, term));
  }

  run(ms: number, step = minute): void {
    for (let left = ms; left > 0; left -= step) {
      this.at += Math.min(step, left);
      this.ran += Math.min(step, left);
      this.tick();
    }
  }

  /** The process is away, or the host suspended, in one boot. */
  pause(ms: number): void {
    this.at += ms;
    this.ran += ms;
    this.restart();
  }

  /** Off for so long; the process comes so long after the boot. */
  reboot(offMs: number, lateMs = 0): void {
    this.at += offMs + lateMs;
    this.ran += lateMs;
    this.#boot += 1;
    this.#bootedAt = this.at - lateMs;
    this.restart();
  }

  /** The process begins again with what was kept. */
  restart(kept: unknown = JSON.parse(JSON.stringify(this.clock.state))): void {
    this.clock = createTrustedClock(kept, this.reading);
    this.tick();
  }

  said(): string[] {
    return this.events.splice(0).map(describeClockEvent);
  }

  /** Trusted time, less the true one. */
  get error(): number {
    return this.clock.now - this.at;
  }
}

t.test('a clock set back turns nothing back, and it is said', async (t) => {
  const host = new Host();
  host.run(hour);
  host.off = -3 * day;
  host.run(2 * hour);
  t.equal(host.error, 0);
  t.strictSame(host.said(), ['the clock was set back by 3d; time counts on without it']);
  t.match(host.clock.doubt, { kind: 'behind', byMs: 3 * day });
  host.pause(5 * hour);
  t.equal(host.error, 0, 'time goes on while no process runs');
  host.off = 0;
  host.run(minute);
  t.strictSame(host.said(), [
    'the clock was set back by 3d; time counts on without it',
    'the clock is right again',
  ]);
});

t.test('a clock set far ahead and back within the hold burns nothing', async (t) => {
  const host = new Host();
  host.off = 9 * day + 2 * hour;
  host.run(59 * minute);
  t.equal(host.error, 0);
  t.equal(
    describeClockDoubt(host.clock.doubt ?? { kind: 'behind', byMs: 0 }),
    'the clock is ahead by 9d2h; it counts after 2m, unless it is set right',
  );
  host.off = 0;
  host.run(day);
  t.equal(host.error, 0);
  t.strictSame(host.said(), [
    'the clock leapt ahead by 9d2h; it counts after 1h, unless it is set right',
    'the clock is right again',
  ]);
});

t.test('a clock that stays ahead is believed after the hold, and it is said', async (t) => {
  const host = new Host();
  host.off = 9 * day;
  host.run(61 * minute);
  t.equal(host.error, 9 * day);
  t.strictSame(host.said(), [
    'the clock leapt ahead by 9d; it counts after 1h, unless it is set right',
    'the clock stayed ahead: time counts from it now, 9d later than before',
  ]);
});

t.test('only what was claimed throughout the hold is adopted', async (t) => {
  const host = new Host();
  host.off = 2 * day;
  host.run(59 * minute);
  host.off = 70 * 365 * day;
  host.run(3 * minute);
  t.equal(host.error, 2 * day);
  host.off = 2 * day;
  host.run(day);
  t.equal(host.error, 2 * day);
  t.equal(host.events.filter(({ kind }) => kind === 'leapt-ahead').length, 2);
});

t.test('what an authority raises the time by is no part of a claim any more', async (t) => {
  const host = new Host();
  host.off = 9 * day;
  host.run(50 * minute);
  host.clock.attest(host.at + 5 * day);
  host.off = 14 * day;
  host.run(11 * minute);
  t.equal(host.error, 9 * day, 'only what was claimed before, too');
  host.run(50 * minute);
  t.equal(host.error, 14 * day);
});

t.test('the hold goes on over reboots, and being off is told as what it is', async (t) => {
  const host = new Host();
  host.reboot(3 * day);
  host.run(40 * minute);
  t.equal(host.error, -3 * day);
  host.reboot(minute);
  host.run(21 * minute);
  t.ok(Math.abs(host.error) <= minute, `${host.error}`);
  t.strictSame(host.said(), [
    'this host was off, or its clock leapt ahead: by 3d; it counts after 1h, unless it is set right',
    'the clock stayed ahead: time counts from it now, 3d later than before',
  ]);
});

t.test('steps ahead too small to be leaps burn a few minutes a day at most', async (t) => {
  const host = new Host();
  for (let i = 0; i < 20 * 60; i++) {
    host.off += 4 * minute;
    host.run(minute);
    if (host.events.some(({ kind }) => kind === 'leapt-ahead')) break;
  }
  t.ok(host.error <= 5 * minute + 1000, `${host.error} ms unsaid`);
  t.match(host.said(), [/^the clock leapt ahead/]);
});

t.test('what a new boot ran before the process came counts, on the host that the state is of', async (t) => {
  for (const [came, counted] of [
    ['h', 6 * day],
    ['another', 0],
    [undefined, 0],
  ] as const) {
    const host = new Host();
    host.run(hour);
    host.off = -30 * day;
    host.hostId = came;
    const before = host.clock.now;
    host.reboot(day, 6 * day);
    t.equal(host.clock.now - before, counted, `${came}`);
    host.run(hour);
    t.equal(host.clock.now - before, counted + hour, 'and what it runs on, once');
  }
});

t.test('without a battery a clock begins at 1970 and is set soon', async (t) => {
  const host = new Host();
  host.off = -begin;
  host.reboot(10 * minute);
  host.run(5 * minute);
  t.equal(host.error, -10 * minute);
  host.off = 0;
  host.run(2 * hour);
  t.ok(Math.abs(host.error) <= 1000);
});

t.test('a first start in 2100 is put right by an authority that the wall clock agrees with', async (t) => {
  const host = new Host(74 * 365 * day);
  host.run(hour);
  host.off = 0;
  host.run(minute);
  t.equal(host.error, 74 * 365 * day, 'nobody but the wall clock says that it was wrong');
  t.equal(host.clock.agree(host.at - 5000, host.reading), -74 * 365 * day - 5000);
  t.equal(host.error, 0);
  host.run(hour);
  t.equal(host.error, 0);
  t.strictSame(host.said(), ['the clock was set back by 27010d; time counts on without it']);
});

t.test(
  'an authority that lies moves no clock back, and what it moves ahead an honest one puts right',
  async (t) => {
    const host = new Host();
    t.equal(host.clock.agree(host.at - 900 * day, host.reading), -900 * day);
    t.equal(host.error, 0);
    host.clock.agree(host.at + 900 * day, host.reading);
    t.equal(host.error, 900 * day);
    host.run(hour);
    host.clock.agree(host.at, host.reading);
    t.equal(host.error, 0);
    host.clock.attest(host.at - day);
    t.equal(host.error, 0);
    host.clock.attest(host.at + hour);
    t.equal(host.error, hour, 'what was signed at a time shows that it has been');
  },
);

t.test('a document that was never seen lets go of a time that was wrongly adopted', async (t) => {
  const host = new Host();
  host.off = 74 * 365 * day;
  host.run(2 * hour);
  host.off = 0;
  host.run(minute);
  host.clock.restart(begin - day, host.reading);
  t.equal(host.error, 0);
  host.off = -500 * day;
  host.clock.restart(begin, host.reading);
  t.equal(host.clock.now, begin, 'not before it was signed');
});

t.test('a term of minutes is held for seconds', async (t) => {
  t.equal(leapHoldMs(3 * minute), 7500);
  t.equal(leapHoldMs(term), hour);
  const clock = createTrustedClock(null, { wall: 0, bootId: 'b', bootTime: 0 });
  const tick = (wall: number, bootTime: number) => clock.tick({ wall, bootId: 'b', bootTime }, 3 * minute);
  t.match(tick(8000, 0), [{ kind: 'leapt-ahead', byMs: 8000, holdMs: 7500 }]);
  t.match(tick(18_000, 8000 + 2000), [{ kind: 'adopted' }]);
  t.equal(clock.now, 18_000);
});

t.test('kept states that are damaged count as none', async (t) => {
  const reading = { wall: begin, bootId: 'b', bootTime: 5 };
  for (const stored of [
    'x',
    [],
    {},
    { floor: '1' },
    { floor: 1e300, bootId: 'b', bootTime: 1 },
    { floor: -1, bootId: 'b', bootTime: 1 },
  ]) {
    t.equal(createTrustedClock(stored, reading).now, begin);
  }
  const clock = createTrustedClock(
    { floor: begin + day, bootId: 'b', bootTime: 9, slack: 'x', leaps: [{ ahead: -1, held: 0 }] },
    reading,
  );
  t.strictSame(
    clock.tick(reading, term).map(({ kind }) => kind),
    ['set-back'],
  );
  t.equal(clock.now, begin + day, 'a boot that went back in its own time adds nothing');
});

/** One random history; `set`: what the clock may be set to. Checks after each act what holds for every history. */
function history(
  seed: number,
  set: (random: () => number) => number,
  check: (host: Host, freshMs: number) => void,
): void {
  const random = seededRandom(seed);
  const host = new Host();
  const below = (ms: number) => Math.floor(random() * ms);
  for (let act = 0; act < 60; act++) {
    const before = { now: host.clock.now, ran: host.ran };
    const choice = below(6);
    if (choice === 0) host.off = set(random);
    else if (choice === 1)
      host.reboot(below(random() < 0.5 ? 5 * minute : 9 * day), below(random() < 0.5 ? minute : 9 * day));
    else if (choice === 2) host.pause(below(random() < 0.5 ? minute : 8 * hour));
    else if (choice === 3) host.restart();
    else host.run(below(random() < 0.7 ? 30 * minute : 5 * hour));
    if (host.clock.now - before.now < host.ran - before.ran)
      throw new Error(`seed ${seed}, act ${act}: slower than the host`);
    check(host, choice > 3 ? host.ran - before.ran : 0);
  }
}

const seeds = Array.from({ length: 300 }, (_, seed) => seed);

t.test(
  'in every history with a clock that is right, time is right after the hold and never ahead',
  async (t) => {
    for (const seed of seeds) {
      history(
        seed,
        () => 0,
        (host, freshMs) => {
          const isSettled = freshMs > hour + minute;
          if (host.error > 0 || (isSettled && host.error < -1000))
            throw new Error(`seed ${seed}: off by ${host.error} ms`);
        },
      );
    }
    t.pass(`${seeds.length} histories`);
  },
);

t.test('in every history, whatever the clock is set to, nothing is burnt without being said', async (t) => {
  const set = (random: () => number) =>
    random() < 0.3 ? 0 : Math.floor((random() - 0.5) * (random() < 0.5 ? 20 * minute : 200 * 365 * day));
  for (const seed of seeds) {
    history(seed, set, (host) => {
      const adopted = host.events.reduce(
        (sum, event) => sum + (event.kind === 'adopted' ? event.byMs : 0),
        0,
      );
      // Each adoption, too, gives the wall clock its few minutes again.
      const adoptions = host.events.filter(({ kind }) => kind === 'adopted').length;
      const unsaid = host.clock.now - begin - host.ran - adopted;
      const allowed = 5 * minute * (1 + adoptions + host.ran / day);
      if (unsaid > allowed) throw new Error(`seed ${seed}: ${unsaid} ms burnt unsaid, ${allowed} allowed`);
      const leaps = host.events.filter(({ kind }) => kind === 'leapt-ahead').length;
      if (leaps < adoptions) throw new Error(`seed ${seed}: adopted what was not said to be ahead`);
    });
  }
  t.pass(`${seeds.length} histories`);
});

t.test('a disk restored from a snapshot is at the present again after the hold', async (t) => {
  for (const seed of seeds.slice(0, 100)) {
    const random = seededRandom(seed);
    const host = new Host();
    host.run(hour);
    const snapshot = JSON.parse(JSON.stringify(host.clock.state));
    if (random() < 0.5) host.pause(Math.floor(random() * 30 * day));
    else host.reboot(Math.floor(random() * 30 * day));
    host.restart(snapshot);
    host.run(hour + minute);
    if (Math.abs(host.error) > 1000) throw new Error(`seed ${seed}: off by ${host.error} ms`);
  }
  t.pass('100 snapshots');
});

t.test(
  'the clock of this host is read, and counts for this process alone where /proc is missing',
  async (t) => {
    const first = readClock();
    const second = readClock();
    t.equal(first.bootId, second.bootId);
    t.ok(second.bootTime >= first.bootTime && first.bootTime > 0);
    t.ok(Math.abs(first.wall - Date.now()) < 60_000);
    const dir = t.testdir({ id: 'b-1\n', uptime: '12.34 5.67\n', machine: 'm-1\n', damaged: 'soon' });
    const machineIdFile = join(dir, 'machine');
    const sources = {
      bootIdFile: join(dir, 'id'),
      uptimeFile: join(dir, 'uptime'),
      machineIdFile,
      wall: () => 7,
    };
    const reading = readClock(sources);
    t.match(reading, { wall: 7, bootId: 'b-1', bootTime: 12_340, hostId: /^[0-9a-f]{32}$/ });
    t.equal(readClock(sources).hostId, reading.hostId);
    for (const other of ['none', 'id'])
      t.not(readClock({ ...sources, machineIdFile: join(dir, other) }).hostId, reading.hostId);
    for (const uptimeFile of [join(dir, 'none'), join(dir, 'damaged'), dir]) {
      const { bootId, bootTime } = readClock({ ...sources, uptimeFile });
      t.match(bootId, /^[0-9a-f-]{36}$/);
      t.ok(bootTime > 0 && Number.isInteger(bootTime), 'serials of leases are counted from such times');
    }
  },
);
