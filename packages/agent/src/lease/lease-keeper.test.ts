import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ClockReading,
  createLogger,
  createSigningKey,
  type Lease,
  longestLeaseMs,
  signDocument,
} from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../testing/wait.js';
import { type LeaseDeed, LeaseKeeper } from './lease-keeper.js';
import type { LeaseTrust } from './verify-lease.js';

const key = createSigningKey();
const trust = { manifestPublicKeyPem: key.publicKeyPem, clusterId: 'c', node: 'n' };
const hour = 3600_000;
const day = 24 * hour;
const begin = 1_800_000_000_000;

function lease(part: Partial<Lease> = {}, privateKeyPem: string = key.privateKeyPem) {
  const base: Lease = {
    format: 2,
    clusterId: 'c',
    node: 'n',
    serial: 1,
    tier: 'premium',
    limits: { requestsPerSecond: 5 },
    features: [],
    licenseId: 'license-1',
    licenseExpiresAt: null,
    issuedAt: begin,
    expiresAt: begin + hour,
    graceMs: 0,
  };
  return signDocument({ ...base, ...part }, privateKeyPem);
}

/** A host whose clocks the test moves. */
class Host {
  wall = begin;
  bootTime = hour;
  bootId = 'boot-1';

  /** Time goes on. */
  pass(ms: number): void {
    this.wall += ms;
    this.bootTime += ms;
  }

  read(): ClockReading {
    return { wall: this.wall, bootId: this.bootId, bootTime: this.bootTime };
  }
}

interface Kept {
  readonly keeper: LeaseKeeper;
  readonly deeds: LeaseDeed['kind'][];
  readonly log: string[];
}

async function keep(t: Test, dataDir: string, host: Host, cluster: LeaseTrust | null = trust): Promise<Kept> {
  const deeds: LeaseDeed['kind'][] = [];
  const log: string[] = [];
  const keeper = new LeaseKeeper({
    dataDir,
    logger: createLogger({ name: 'test', level: 'info', destination: { write: (line) => log.push(line) } }),
    read: () => host.read(),
    perform: ({ kind }) => deeds.push(kind),
    changed: () => undefined,
  });
  t.teardown(() => keeper.stop());
  await keeper.start(cluster ?? undefined);
  return { keeper, deeds, log };
}

t.test('grants the free tier without a lease, the lease’s own while it counts', async (t) => {
  const host = new Host();
  const { keeper, deeds, log } = await keep(t, t.testdir(), host);
  t.match(
    log.map((line) => JSON.parse(line)),
    [{ level: 'info', msg: /^there is no lease/ }],
    'a node that never had one lacks nothing',
  );
  const free = { tier: 'free', limits: { requestsPerSecond: 100 } };
  t.strictSame(keeper.demands.grant, free);
  const kept = keeper.accept(lease(), trust);
  t.strictSame(keeper.demands.grant, { tier: 'premium', limits: { requestsPerSecond: 5 } }, 'at once');
  t.strictSame(deeds, ['pools', 'joinGossip', 'takeManifests', 'limits']);
  await kept;
  host.pass(hour);
  keeper.tick();
  t.strictSame(keeper.demands, { gossip: false, pools: 'frozen', manifests: false, grant: free });
  t.match(keeper.standing, { state: 'degraded', tier: 'free', expiresAt: begin + hour, clockAheadMs: 0 });
});

t.test('a clock set back makes no lease longer, not even over a restart', async (t) => {
  const dataDir = t.testdir();
  const host = new Host();
  const first = await keep(t, dataDir, host);
  await first.keeper.accept(lease(), trust);
  host.wall -= 400 * day;
  host.pass(hour / 2);
  first.keeper.tick();
  t.equal(first.keeper.state, 'warning', 'time goes on by the time since the boot');
  t.match(first.keeper.standing.detail, /clock is behind by 400d/);
  await first.keeper.stop();
  host.pass(hour / 2 + 1000);
  const second = await keep(t, dataDir, host);
  t.equal(second.keeper.state, 'degraded', 'also while the agent is down');
  t.strictSame(second.deeds, [], 'nothing is to be done: it starts so');
});

t.test('a lease is there again after a restart, and its serial even without it', async (t) => {
  const dataDir = t.testdir();
  const host = new Host();
  const first = await keep(t, dataDir, host);
  await first.keeper.accept(lease({ serial: 7, tier: 'enterprise' }), trust);
  await first.keeper.stop();
  const second = await keep(t, dataDir, host);
  t.match(second.keeper.standing, { state: 'active', tier: 'enterprise', serial: 7 });
  t.strictSame(second.deeds, [], 'nothing is to be done');
  await second.keeper.forget();
  t.equal(second.keeper.state, 'degraded');
  t.match(JSON.parse(second.log.at(-1) ?? '{}'), { level: 'info', msg: /^there is no lease/ });
  await second.keeper.stop();
  const alone = await keep(t, dataDir, host, null);
  t.equal(alone.keeper.standing.expiresAt, null, 'standalone in between');
  await alone.keeper.stop();
  const third = await keep(t, dataDir, host);
  t.throws(() => third.keeper.accept(lease({ serial: 7 }), trust), { code: 'permission_denied' });
  await third.keeper.accept(lease({ serial: 8 }), trust);
  t.equal(third.keeper.state, 'active');
});

t.test('leases that cannot be meant for this node are refused, each with why', async (t) => {
  const { keeper } = await keep(t, t.testdir(), new Host());
  await keeper.accept(lease({ serial: 5 }), trust);
  const tampered = lease({ serial: 6 });
  const text = tampered.payload.toString().replace('"requestsPerSecond":5', '"requestsPerSecond":9');
  const old = lease({ serial: 6, format: 1 } as unknown as Partial<Lease>);
  const faults: [string, ReturnType<typeof lease>, RegExp][] = [
    ['tampered', { ...tampered, payload: Buffer.from(text) }, /signature doesn't verify/],
    ['no signature', { ...tampered, signature: Buffer.alloc(0) }, /signature doesn't verify/],
    ['another key', lease({ serial: 6 }, createSigningKey().privateKeyPem), /signature doesn't verify/],
    ['of another node', lease({ serial: 6, node: 'other' }), /for node other of cluster c, this is n of c/],
    ['of another cluster', lease({ serial: 6, clusterId: 'x' }), /for node n of cluster x, this is n of c/],
    ['replayed', lease({ serial: 5 }), /lease 5 is no newer than lease 5/],
    ['replayed, older', lease({ serial: 2 }), /lease 2 is no newer than lease 5/],
    ['of an old format', old, /format 1, this agent knows 2/],
    ['without a term', lease({ serial: 6, expiresAt: begin }), /ends before it begins/],
    ['without an end', lease({ serial: 6, expiresAt: null as unknown as number }), /times that are none/],
  ];
  for (const [what, document, message] of faults) {
    t.throws(() => keeper.accept(document, trust), { message }, what);
    t.equal(keeper.standing.serial, 5, what);
  }
  t.match(keeper.standing.detail, /the last lease that came was refused: a lease without serial, or/);
  await keeper.accept(lease({ serial: 6 }), trust);
  t.notMatch(keeper.standing.detail, /refused/);
});

t.test('a controller that lies about time: the term counts from reception, and that is said', async (t) => {
  for (const issuedAt of [0, begin - 2 * day, begin + 2 * day, Date.UTC(2100, 0, 1)]) {
    const host = new Host();
    const { keeper, log } = await keep(t, t.testdir(), host);
    await keeper.accept(lease({ issuedAt, expiresAt: issuedAt + hour }), trust);
    t.match(log.join(''), /controller's time is .* (ahead of|behind) this host's clock/, String(issuedAt));
    t.match(keeper.standing.detail, /leases count from when they come/);
    host.pass(hour - 1000);
    keeper.tick();
    t.equal(keeper.state, 'warning', `${issuedAt}: not early`);
    host.pass(1000);
    keeper.tick();
    t.equal(keeper.state, 'degraded', `${issuedAt}: not late`);
    const at = host.wall;
    await keeper.accept(lease({ serial: 2, issuedAt: at, expiresAt: at + hour }), trust);
    t.equal(keeper.state, 'restored', `${issuedAt}: a right time sets it right`);
    t.notMatch(keeper.standing.detail, /controller's time/);
  }
});

t.test('no term is honored for longer than 90 days', async (t) => {
  const { keeper } = await keep(t, t.testdir(), new Host());
  await keeper.accept(lease({ expiresAt: begin + 10_000 * day }), trust);
  t.equal(keeper.standing.expiresAt, begin + longestLeaseMs);
});

t.test('a file that somebody changed grants nothing', async (t) => {
  const dataDir = t.testdir();
  const host = new Host();
  const path = join(dataDir, 'lease.json');
  const first = await keep(t, dataDir, host);
  await first.keeper.accept(lease(), trust);
  await first.keeper.stop();
  const text = await readFile(path, 'utf8');
  const longer = text.replace(`"endsAt":${begin + hour}`, `"endsAt":${begin + 9 * hour}`);
  const payload = Buffer.from(lease({ tier: 'enterprise' }).payload).toString('base64');
  const faults: [string, string, RegExp][] = [
    ['a longer term', longer, /its term isn't the lease's/],
    ['another payload', text.replace(/"payload":"[^"]+"/, `"payload":"${payload}"`), /signature/],
    ['half a file', text.slice(0, 100), /stored lease cannot be used/],
    ['an earlier format', '{"payload":"","signature":"","seenAt":1}', /of an earlier version/],
  ];
  for (const [what, changed, message] of faults) {
    t.not(changed, text, what);
    await writeFile(path, changed);
    const { keeper, log } = await keep(t, dataDir, host);
    t.equal(keeper.state, 'degraded', what);
    t.match(log.join(''), message, what);
    await keeper.stop();
  }
});

t.test('a lease on disk is of no use to another node, or in another cluster', async (t) => {
  const dataDir = t.testdir();
  const { keeper } = await keep(t, dataDir, new Host());
  await keeper.accept(lease({ serial: 9 }), trust);
  await keeper.stop();
  for (const other of [{ ...trust, node: 'other' }, { ...trust, clusterId: 'x' }, undefined]) {
    const host = new Host();
    const moved = new LeaseKeeper({
      dataDir,
      logger: createLogger({ name: 'test', level: 'silent' }),
      read: () => host.read(),
      perform: () => undefined,
      changed: () => undefined,
    });
    await moved.start(other);
    t.equal(moved.state, 'degraded');
    await moved.stop();
  }
});

t.test(
  'a host that was off for longer than its lease keeps its pools until it believes the clock',
  async (t) => {
    const dataDir = t.testdir();
    const host = new Host();
    const first = await keep(t, dataDir, host);
    await first.keeper.accept(lease({ expiresAt: begin + 7 * day, graceMs: day }), trust);
    await first.keeper.stop();
    Object.assign(host, { wall: begin + 20 * day, bootId: 'boot-2', bootTime: 60_000 });
    const { keeper, deeds } = await keep(t, dataDir, host);
    t.match(keeper, { state: 'active', demands: { pools: 'kept' } });
    host.pass(hour);
    keeper.tick();
    t.match(keeper, { state: 'degraded', demands: { pools: 'frozen' } });
    t.equal(deeds[0], 'pools');
  },
);

t.test('a node that moved to another cluster takes its leases, whatever their serials', async (t) => {
  const dataDir = t.testdir();
  const host = new Host();
  const there = { ...trust, clusterId: 'other' };
  const first = await keep(t, dataDir, host);
  await first.keeper.accept(lease({ serial: 9000 }), trust);
  await first.keeper.forget();
  await first.keeper.stop();
  const second = await keep(t, dataDir, host, null);
  t.equal(second.keeper.lastSerial('other'), 0);
  await second.keeper.accept(lease({ clusterId: 'other', serial: 3 }), there);
  t.match(second.keeper.standing, { state: 'active', serial: 3 });
  t.equal(second.keeper.lastSerial('other'), 3);
  t.throws(() => second.keeper.accept(lease({ clusterId: 'other', serial: 3 }), there), /no newer than/);
  await second.keeper.stop();
  const third = await keep(t, dataDir, host, there);
  t.match(third.keeper.standing, { state: 'active', serial: 3 });
  t.throws(() => third.keeper.accept(lease({ clusterId: 'other', serial: 2 }), there), /no newer than/);
});

t.test('a clock that was ahead already as the lease came burns none of it', async (t) => {
  const dataDir = t.testdir();
  const host = new Host();
  const first = await keep(t, dataDir, host);
  host.wall += 365 * day;
  await first.keeper.accept(lease({ expiresAt: begin + 7 * day }), trust);
  host.pass(hour / 2);
  await first.keeper.stop();
  const { keeper, log } = await keep(t, dataDir, host);
  host.pass(hour / 2);
  keeper.tick();
  t.match(log.at(-1), /the clock stayed ahead/);
  t.match(keeper, { state: 'active', demands: { pools: 'live' } });
  host.pass(7 * day - hour - 1000);
  keeper.tick();
  t.equal(keeper.state, 'warning');
  host.pass(1000);
  keeper.tick();
  t.equal(keeper.state, 'degraded', 'after its term');
});

t.test('a clock that is put right after the lease came counts again', async (t) => {
  const host = new Host();
  const { keeper } = await keep(t, t.testdir(), host);
  host.wall += 365 * day;
  await keeper.accept(lease({ expiresAt: begin + 7 * day }), trust);
  host.wall -= 365 * day;
  keeper.tick();
  host.wall += 8 * day;
  keeper.tick();
  host.pass(hour);
  keeper.tick();
  t.equal(keeper.state, 'degraded');
});

t.test('states change by themselves when their time comes', async (t) => {
  const deeds: LeaseDeed[] = [];
  const keeper = new LeaseKeeper({
    dataDir: t.testdir(),
    logger: createLogger({ name: 'test', level: 'silent' }),
    perform: (deed) => deeds.push(deed),
    changed: () => undefined,
  });
  t.teardown(() => keeper.stop());
  await keeper.start(trust);
  const now = Date.now();
  await keeper.accept(lease({ issuedAt: now, expiresAt: now + 300, graceMs: 200 }), trust);
  t.equal(keeper.demands.grant.tier, 'premium');
  await waitFor('the end of the term', () => keeper.state === 'expired');
  t.equal(keeper.demands.grant.tier, 'premium', 'its grace');
  await waitFor('the end', () => keeper.state === 'degraded');
  t.equal(keeper.demands.grant.tier, 'free');
  t.strictSame(deeds.map(({ kind }) => kind).slice(-5), [
    'pools',
    'leaveGossip',
    'refuseManifests',
    'limits',
    'renew',
  ]);
});
