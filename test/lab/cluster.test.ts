import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';

let cluster: Cluster;

t.before(async () => {
  const start = performance.now();
  cluster = await createCluster();
  t.comment(`controller and three nodes up after ${((performance.now() - start) / 1000).toFixed(1)} s`);
});

t.teardown(() => cluster?.destroy());

const spec = (body: string): string => `
cluster: shoal
services:
  web:
    blueprint: nginx
    nodes: all
    params: { port: 8080, body: "${body}" }
`;

const answers = async (): Promise<string[]> =>
  await Promise.all(
    cluster.nodes.map(async (node) => (await cluster.lab.fetch(`http://${node.address}:8080/`)).body),
  );

t.test('installed from packages and joined by token, every member sees every other', async (t) => {
  const all = { controller: 'alive', node1: 'alive', node2: 'alive', node3: 'alive' };
  t.strictSame(await cluster.members(), all);
  for (const node of cluster.nodes) {
    const seen = async (): Promise<boolean> => Object.keys(await cluster.members(node)).length === 4;
    await cluster.lab.waitFor(seen, { what: `${node.name} to see all members` });
    t.strictSame(await cluster.members(node), all);
  }
});

t.test('an applied spec installs, configures and starts its service on every node', async (t) => {
  await cluster.apply(spec('one'), 'the first');
  t.strictSame(await answers(), ['one', 'one', 'one']);
  for (const node of cluster.nodes) {
    const { desired, running, failed, status } = await cluster.node(node);
    t.equal(status, 'ok');
    t.equal(running?.hash, desired?.hash, 'what runs is what is wanted');
    t.equal(failed, null);
  }
});

t.test('a change reaches all nodes without a restart of the service', async (t) => {
  const before = await Promise.all(cluster.nodes.map((node) => node.mainPid('nginx')));
  await cluster.apply(spec('two'), 'another word');
  t.strictSame(await answers(), ['two', 'two', 'two']);
  t.strictSame(await Promise.all(cluster.nodes.map((node) => node.mainPid('nginx'))), before);
});
