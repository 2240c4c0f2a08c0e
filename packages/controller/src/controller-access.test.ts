import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { fromServiceError, services as proto, ShoalError } from '@shoal/common';
import t from 'tap';
import { type ControllerOptions, startController } from './controller.js';
import { admin, agents, fixture, options, start } from './controller.test.support.js';
import { enroll, FakeAgent } from './link/fake-agent.js';

t.test('removing a node refuses its certificate, tells its agent and frees its name', async (t) => {
  const controller = await start(t, fixture(t));
  const { services, addresses } = controller;
  const [a] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent];
  await t.rejects(services.nodes.remove('c', admin), { code: 'not_found' });
  const { token } = await services.tokens.create({ ttlMs: 60_000, uses: 1 }, admin);
  await t.rejects(enroll(addresses.grpc, token, 'a'), { code: 'already_exists', hint: /shoal node rm a/ });
  await t.rejects(enroll(addresses.grpc, token, 'controller'), { code: 'already_exists' });
  await services.nodes.remove('a', admin);
  await a.ended();
  t.ok(a.received.at(-1)?.removed);
  t.same(
    services.nodes.list().map(({ name }) => name),
    ['b'],
  );
  a.received.length = 0;
  void a.connect().catch(() => undefined);
  t.match(fromServiceError(await a.ended()), { code: 'unauthenticated', message: /was revoked/ });
  t.ok(a.received[0]?.removed, 'an agent that was away then is told when it comes back');
  const back = new FakeAgent(addresses.grpc, await enroll(addresses.grpc, token, 'a'));
  t.teardown(() => back.close());
  t.ok((await back.connect()).welcome);
  void a.connect().catch(() => undefined);
  t.match(
    fromServiceError(await a.ended()),
    { code: 'unauthenticated', message: /was revoked/ },
    'the old certificate stays refused',
  );
});

t.test('who may call: operators, nodes, hosts without certificate', async (t) => {
  const controller = await start(t, fixture(t));
  const { addresses, credentialsFile } = controller;
  const admin = JSON.parse(await readFile(credentialsFile, 'utf8'));
  t.equal((await stat(credentialsFile)).mode & 0o777, 0o600);
  t.equal(admin.server, addresses.grpc);
  const [ca, key, certificate] = [admin.caPem, admin.keyPem, admin.certificatePem].map((pem: string) =>
    Buffer.from(pem),
  );
  const call = (client: InstanceType<ReturnType<typeof proto>['Operations']>): Promise<unknown> =>
    new Promise((resolve) => {
      t.teardown(() => client.close());
      client.Call({ operation: 'whoami.get' }, (error, answer) =>
        resolve(answer === undefined ? fromServiceError(error) : JSON.parse(answer.outputJson.toString())),
      );
    });
  const { Operations, Link } = proto();
  t.same(await call(new Operations(addresses.grpc, credentials.createSsl(ca, key, certificate))), {
    name: 'admin',
    role: 'admin',
  });
  t.match(await call(new Operations(addresses.grpc, credentials.createSsl(ca))), { code: 'unauthenticated' });
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  const node = [a.identity.caPem, a.identity.keyPem, a.identity.certificatePem].map((pem) =>
    Buffer.from(pem),
  );
  t.match(await call(new Operations(addresses.grpc, credentials.createSsl(node[0], node[1], node[2]))), {
    code: 'permission_denied',
  });
  const link = new Link(addresses.grpc, credentials.createSsl(ca, key, certificate));
  t.teardown(() => link.close());
  const refused = await new Promise((resolve) => link.Control().on('error', resolve));
  t.match(fromServiceError(refused), { code: 'permission_denied', message: /for nodes/ });
});

t.test(
  'refuses to start twice on a data directory, for another cluster, and on addresses that are taken',
  async (t) => {
    const directory = fixture(t);
    const controller = await start(t, directory);
    const { addresses } = controller;
    const refusal = async (config: ControllerOptions['config']): Promise<ShoalError> =>
      startController(options(directory, config)).then(
        async (running) => {
          await running.stop();
          throw new Error('it started');
        },
        (error: unknown) => ShoalError.from(error),
      );
    t.match(await refusal({}), { code: 'failed_precondition', message: `in use by process ${process.pid}` });
    const other = { dataDir: join(directory, 'other') };
    t.match(await refusal({ ...other, grpc: { listen: addresses.grpc } }), {
      code: 'failed_precondition',
      message: `grpc.listen: the address ${addresses.grpc} is taken`,
    });
    t.match(await refusal({ ...other, http: { listen: addresses.http } }), {
      code: 'failed_precondition',
      message: /http\.listen/,
    });
    t.match(await refusal({ ...other, gossip: { listen: addresses.gossip } }), {
      code: 'failed_precondition',
      message: /gossip\.listen/,
    });
    await controller.stop();
    t.match(await refusal({ cluster: { name: 'blue' } }), {
      code: 'failed_precondition',
      message: 'The data directory belongs to the cluster "shoal", the configuration names "blue"',
    });
  },
);
