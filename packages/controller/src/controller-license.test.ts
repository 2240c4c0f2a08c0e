import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lease, verifyDocument } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import t, { type Test } from 'tap';
import { type RunningController, startController } from './controller.js';
import {
  admin,
  agents,
  apply,
  blueprint,
  ended,
  fixture,
  options,
  specOf,
  until,
} from './controller.test.support.js';
import { enroll, FakeAgent } from './link/fake-agent.js';

const vendor = await TestVendor.create();

async function licensed(t: Test, directory: string, license?: string): Promise<RunningController> {
  const controller = await startController({
    ...options(directory, license === undefined ? {} : { license }),
    trustedLicenseKeys: vendor.trust,
  });
  t.teardown(() => controller.stop());
  return controller;
}

/** Leases that an agent was sent on its link, in order. */
function leases({ identity, received }: FakeAgent): Lease[] {
  return received.flatMap(({ lease }) =>
    lease === null ? [] : [verifyDocument<Lease>(lease, identity.manifestPublicKeyPem, 'lease')],
  );
}

t.test(
  'sites: what the license has no room for is refused, and let in once a larger one is there',
  async (t) => {
    const controller = await licensed(t, fixture(t));
    const { services, addresses } = controller;
    const { token } = await services.tokens.create({ ttlMs: 60_000, uses: 20 }, admin);
    const join = (name: string, site: string) => enroll(addresses.grpc, token, name, site);
    await join('b1', 'berlin');
    await t.rejects(join('p1', 'paris'), {
      code: 'resource_exhausted',
      message: 'Node "p1" of site "paris" can\'t join: the free tier allows 1 site, in use: berlin',
      hint: /shoal license install FILE/,
    });
    await services.license.install(await vendor.issue({ id: 'L-1', tier: 'e-commerce' }), admin);
    await join('p1', 'paris');
    await t.rejects(join('r1', 'rome'), {
      code: 'resource_exhausted',
      message:
        'Node "r1" of site "rome" can\'t join: the license L-1 (e-commerce) allows 2 sites, in use: berlin, paris',
    });
    await join('b2', 'berlin');
    const larger = await vendor.issue({ id: 'L-2', tier: 'premium' });
    t.match(
      await services.license.preview(larger),
      {
        licenseId: 'L-2',
        limits: { sites: { limit: 5, used: 2 } },
        problems: [{ licenseId: 'L-1', reason: 'superseded' }],
      },
      'what it would change can be seen before',
    );
    t.match(services.license.view(), { licenseId: 'L-1', problems: [] }, 'looking changes nothing');
    await t.rejects(services.license.preview(`${larger.slice(0, -4)}AAAA`), { code: 'permission_denied' });
    await services.license.install(larger, admin);
    await join('r1', 'rome');
    const status = await services.status();
    t.match(status, {
      tier: 'premium',
      license: {
        licenseId: 'L-2',
        limits: { sites: { limit: 5, used: 3 }, nodes: { limit: null, used: 4 } },
      },
      warnings: [],
    });
    await services.license.remove('L-1', admin);
    await services.license.remove('L-2', admin);
    t.match((await services.status()).warnings, [
      'Nodes stand at 3 sites, the free tier allows 1: they go on, no other site can be added',
    ]);
    await t.rejects(join('o1', 'oslo'), { code: 'resource_exhausted' });
    await join('r2', 'rome');
    t.equal(services.nodes.list().length, 5, 'what runs is not cut');
  },
);

t.test('every linked node gets a lease at once when the license changes, with a higher serial', async (t) => {
  const directory = fixture(t);
  const controller = await licensed(t, directory);
  const linked = await agents(t, controller, ['a', 'b', 'c']);
  const issued = await vendor.issue({ id: 'L-1', tier: 'e-commerce', leaseMs: 3_600_000 });
  await controller.services.license.install(issued, admin);
  await until('all have it', () => linked.every((agent) => leases(agent).length === 2));
  for (const agent of linked) {
    const [first, second] = leases(agent);
    t.match(first, {
      format: 2,
      tier: 'free',
      licenseId: null,
      limits: { requestsPerSecond: 100 },
      features: [],
    });
    t.equal((first?.expiresAt ?? 0) - (first?.issuedAt ?? 0), 7 * 86_400_000);
    t.match(second, { tier: 'e-commerce', licenseId: 'L-1', limits: {}, graceMs: 514_286 });
    t.equal((second?.expiresAt ?? 0) - (second?.issuedAt ?? 0), 3_600_000);
    t.ok((second?.serial ?? 0) > (first?.serial ?? 0));
  }
  const serials = linked.flatMap((agent) => leases(agent).map(({ serial }) => serial));
  t.equal(new Set(serials).size, 6, 'no serial twice');
  await controller.stop();
  const again = await licensed(t, directory);
  const identity = linked[0]?.identity;
  if (identity === undefined) throw new Error('no agent');
  const back = new FakeAgent(again.addresses.grpc, identity);
  t.teardown(() => back.close());
  back.leaseSerial = Date.parse('2100-01-01T00:00:00Z');
  await back.connect();
  await until('a lease', () => leases(back).length > 0);
  t.match(leases(back)[0], { tier: 'e-commerce', licenseId: 'L-1' }, 'a restart keeps the license');
  t.ok((leases(back)[0]?.serial ?? 0) > Math.max(...serials));
  t.equal(leases(back)[0]?.serial, back.leaseSerial + 1, 'above the one that the node has');
});

t.test('a node that moves to a site without room stays one of the site before, until there is', async (t) => {
  const controller = await licensed(t, fixture(t));
  const [agent] = await agents(t, controller, ['a', 'b']);
  if (agent === undefined) throw new Error('no agent');
  const site = () => controller.services.nodes.get('a').site;
  agent.close();
  const moved = new FakeAgent(controller.addresses.grpc, agent.identity);
  t.teardown(() => moved.close());
  await moved.connect('rome');
  await until('the warning', async () => (await controller.services.status()).warnings.length > 0);
  t.match((await controller.services.status()).warnings, [
    'Node "a" of site "rome" can\'t move: the free tier allows 1 site, in use: default; it counts as one of site "default" until there is room',
  ]);
  t.equal(site(), 'default');
  await controller.services.license.install(await vendor.issue({ tier: 'premium' }), admin);
  await until('it moves', () => site() === 'rome');
  t.same((await controller.services.status()).warnings, []);
});

t.test('a node that waits to move does so when others make room for it', async (t) => {
  const controller = await licensed(t, fixture(t));
  const { services, addresses } = controller;
  await services.license.install(await vendor.issue({ id: 'L-1', tier: 'e-commerce' }), admin);
  const { token } = await services.tokens.create({ ttlMs: 60_000, uses: 20 }, admin);
  const link = async (name: string, site: string): Promise<FakeAgent> => {
    const agent = new FakeAgent(addresses.grpc, await enroll(addresses.grpc, token, name, site));
    t.teardown(() => agent.close());
    await agent.connect(site);
    return agent;
  };
  const moves = async (agent: FakeAgent, site: string): Promise<void> => {
    agent.close();
    const moved = new FakeAgent(addresses.grpc, agent.identity);
    t.teardown(() => moved.close());
    await moved.connect(site);
  };
  const site = (name: string) => services.nodes.get(name).site;
  const waiting = () =>
    services.license.view().warnings.filter(({ message }) => message.includes("can't move")).length;
  const [a, b, c] = [await link('a', 'berlin'), await link('b', 'berlin'), await link('c', 'berlin')];
  const p = await link('p', 'paris');
  await link('d', 'berlin');
  await moves(a, 'rome');
  await moves(b, 'oslo');
  await moves(c, 'bern');
  await until('they wait', () => waiting() === 3);
  await moves(p, 'oslo');
  await until('another one is there first', () => site('b') === 'oslo');
  t.same([site('a'), site('c'), waiting()], ['berlin', 'berlin', 2]);
  await services.nodes.remove('c', admin);
  t.equal(waiting(), 1, 'one that is gone waits no longer');
  await services.nodes.remove('p', admin);
  await services.nodes.remove('b', admin);
  await until('a site became free', () => site('a') === 'rome');
  t.equal(waiting(), 0);
});

t.test('a licensed feature can be begun with a license, and is not cut without one', async (t) => {
  const directory = fixture(t);
  const own = join(directory, 'blueprints', 'guard');
  await mkdir(own);
  const guard = blueprint.replace('name: web', 'name: guard\nfeature: waf').replace('web.conf', 'guard.conf');
  await writeFile(join(own, 'blueprint.yaml'), guard);
  const controller = await licensed(t, directory);
  await agents(t, controller, ['a']);
  const spec = (body: string) => specOf(body, '').replace('blueprint: web', 'blueprint: guard');
  const refusal = {
    code: 'resource_exhausted',
    message:
      'cluster.yaml:4:16: services.web: blueprint guard@1.0.0 needs the licensed feature "waf"; the free tier includes none',
    hint: /shoal license install FILE/,
  };
  await t.rejects(apply(controller, spec('one')), refusal);
  await t.rejects(
    controller.services.specs.plan({ spec: spec('one'), file: 'cluster.yaml', onNodes: false }),
    refusal,
  );
  const limits = { sites: 1, nodes: 10, features: ['waf'], service: {} };
  await controller.services.license.install(await vendor.issue({ tier: 'guarded', limits }), admin);
  await apply(controller, spec('one'));
  await ended(controller, 1);
  await controller.services.license.remove(undefined, admin);
  await apply(controller, spec('two'));
  await ended(controller, 2);
  await apply(controller, specOf('three'));
  await ended(controller, 3);
  await t.rejects(apply(controller, spec('four')), refusal, 'once it is gone it does not come back');
});

t.test("each node's lease is shown as it says, and one that isn't in order is warned of", async (t) => {
  const controller = await licensed(t, fixture(t));
  const [a, b] = await agents(t, controller, ['a', 'b', 'c']);
  const lease = { tier: 'premium', state: 'active', expiresAtMs: 9, detail: '' };
  a?.tell({ lease });
  b?.tell({ lease: { tier: 'free', state: 'degraded', expiresAtMs: 0, detail: 'its lease has ended' } });
  const { services } = controller;
  await until('both told', () => services.nodes.list().filter((node) => node.lease !== null).length === 2);
  t.same(services.nodes.get('a').lease, { tier: 'premium', state: 'active', expiresAt: 9 });
  t.match(await services.status(), {
    leases: { active: 1, degraded: 1 },
    warnings: ['node b is degraded: it serves within the limits of the free tier, outside of the gossip'],
  });
});

t.test('the license file is read again when that is asked for, and what happens is an event', async (t) => {
  const file = join(fixture(t), 'license');
  const controller = await licensed(t, fixture(t), file);
  const { services } = controller;
  const events: unknown[] = [];
  const ending = new AbortController();
  const listening = (async () => {
    for await (const event of services.events(ending.signal))
      if (event.type === 'license') events.push(event);
  })();
  await writeFile(file, await vendor.issue({ id: 'L-1', tier: 'premium' }));
  await controller.reload();
  t.match(services.license.view(), { tier: 'premium', licenseId: 'L-1' });
  await services.license.install(await vendor.issue({ id: 'L-2', tier: 'e-commerce' }), admin);
  await writeFile(file, 'nonsense');
  await controller.reload();
  await services.license.remove('L-2', admin);
  await until('all are told', () => events.length === 4);
  ending.abort();
  await listening;
  t.match(events, [
    { change: 'took-over', licenseId: 'L-1', license: { tier: 'premium', licenseId: 'L-1' } },
    { change: 'installed', licenseId: 'L-2' },
    { change: 'refused', licenseId: null },
    { change: 'removed', licenseId: 'L-2', license: { tier: 'free', status: 'refused' } },
  ]);
});
