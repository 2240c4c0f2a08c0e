import t from 'tap';
import { admin, agents, apply, ended, fixture, specOf, start, until } from './controller.test.support.js';
import { FakeAgent } from './link/fake-agent.js';

t.test('what an operator drains reaches the node over its link, also after both were away', async (t) => {
  const directory = fixture(t);
  const controller = await start(t, directory);
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  const told = (): readonly string[] | undefined =>
    a.received.findLast(({ drain }) => drain !== null)?.drain?.services;
  await until('the answer to the hello', () => told()?.length === 0);
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  const { nodes } = controller.services;
  await t.rejects(nodes.drain('a', 'wbe', admin), { code: 'not_found', hint: 'Did you mean "web"?' });
  await t.rejects(nodes.drain('b', undefined, admin), { code: 'not_found' });
  t.match(await nodes.drain('a', 'web', admin), { drainAsked: ['web'], draining: [] });
  await until('it to be told', () => told()?.join() === 'web');
  const service = { service: 'web', process: 'running', health: 'healthy' };
  a.tell({ draining: ['web'], services: [service, { ...service, service: 'other' }] });
  await until('the node to say so', () => nodes.get('a').draining.join() === 'web');
  const status = await controller.services.status();
  t.match(status.drained, [{ node: 'a', services: ['web'], by: 'ann', at: Number }]);
  const warned = 'every node that serves web is drained (a): shoal node undrain a';
  t.same(
    status.warnings.filter((warning) => warning.includes('drained')),
    [warned],
  );
  t.match(await nodes.undrain('a'), { drainAsked: [] });
  await until('it to be told', () => told()?.length === 0);

  await nodes.drain('a', undefined, admin);
  a.disconnect();
  await controller.stop();
  const port = controller.addresses.grpc;
  const again = await start(t, directory, { grpc: { listen: port } });
  t.match((await again.services.status()).drained, [{ node: 'a', services: ['*'], by: 'ann' }]);
  t.match(again.services.nodes.get('a'), { drainAsked: ['*'], draining: ['web'] });
  const back = new FakeAgent(port, a.identity);
  t.teardown(() => back.close());
  await back.connect();
  const toldAgain = (): unknown => back.received.find(({ drain }) => drain !== null)?.drain?.services;
  await until('it to be told as it comes back', () => toldAgain() !== undefined);
  t.strictSame(toldAgain(), ['*']);
});
