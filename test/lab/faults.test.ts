import type { NodeView, RolloutView, TokenView } from '@shoal/common';
import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { Host } from './host.js';
import { addProbe, type ProbeParameters, probePort, probeSpec } from './probe-service.js';
import { installShoal } from './shoal.js';

// One cluster lives through all of it, in this order.
let cluster: Cluster;

t.before(async () => {
  cluster = await createCluster({ nodes: ['node1', 'node2'] });
  await addProbe(cluster);
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const apply = (parameters: ProbeParameters): ReturnType<Cluster['apply']> =>
  cluster.apply(probeSpec(parameters), parameters.word, { check: false });
const answerOf = async (node: Host): Promise<string> =>
  (await cluster.lab.fetch(`http://${node.address}:${probePort}/`)).body;
const answers = (): Promise<string[]> => Promise.all(cluster.nodes.map(answerOf));

/** What the host's agent has logged since it was last started. */
async function agentLog(host: Host): Promise<string> {
  const run = '_SYSTEMD_INVOCATION_ID=$(systemctl show --property=InvocationID --value shoal-agent)';
  return (await host.exec(`journalctl -o cat --no-pager ${run}`)).stdout;
}

t.test('an agent that is killed in the middle of a step goes on by itself', async (t) => {
  t.match(await apply({ word: 'one' }), { code: 0 });
  t.strictSame(await answers(), ['one', 'one']);
  const [first] = cluster.nodes as [Host, Host];
  const begun = async (): Promise<number> => Number((await first.exec('wc -l < /opt/probe/steps')).stdout);
  const before = await begun();
  const applying = apply({ word: 'two', prepareSeconds: 4 });
  await cluster.lab.waitFor(async () => (await begun()) > before, { what: 'the step to begin' });
  const killed = performance.now();
  await first.kill(await first.mainPid('shoal-agent'), 'KILL');
  t.equal(await answerOf(first), 'one', 'the service goes on');
  const { code, stdout, stderr } = await applying;
  t.equal(code, 0, stdout + stderr);
  t.comment(`applied everywhere ${((performance.now() - killed) / 1000).toFixed(1)} s after the kill`);
  t.comment(`the step was begun ${(await begun()) - before} times on that node`);
  t.strictSame(await answers(), ['two', 'two']);
  for (const node of cluster.nodes) t.match(await cluster.node(node), { status: 'ok', failed: null });
});

t.test('a service that doesn’t become healthy is undone, and the other nodes aren’t touched', async (t) => {
  const [first, second] = cluster.nodes as [Host, Host];
  const untouched = await second.mainPid('probe');
  const { code, stderr } = await apply({ word: 'three', health: 503 });
  t.equal(code, 7);
  for (const named of ['on node1, service probe', 'health', 'answered 503']) t.match(stderr, named);
  t.comment(stderr.trim());
  const lastGood = async (): Promise<boolean> => (await answers()).every((word) => word === 'two');
  await cluster.lab.waitFor(lastGood, { what: 'the last good one to serve', timeoutMs: 5_000 });
  t.equal(await second.mainPid('probe'), untouched);
  t.notMatch(await first.read('/etc/systemd/system/probe.service'), '503');
  const rollout = await cluster.ask<RolloutView>('rollout', 'status');
  t.strictSame(
    rollout.nodes.map(({ node, status }) => `${node} ${status}`),
    ['node1 failed', 'node2 untouched'],
  );
  t.match(await apply({ word: 'four' }), { code: 0 });
  t.strictSame(await answers(), ['four', 'four']);
});

t.test('a purged agent leaves its service running', async (t) => {
  const [, second] = cluster.nodes as [Host, Host];
  const before = await second.mainPid('probe');
  await second.exec('apt-get -q -y purge shoal-agent');
  t.equal(await second.mainPid('probe'), before);
  t.equal(await answerOf(second), 'four');
  const gone = async (): Promise<boolean> => (await cluster.node(second)).status === 'down';
  await cluster.lab.waitFor(gone, { what: 'the controller to see that the node is gone' });
  t.match((await cluster.members())[second.name], /^(left|dead)$/);
});

t.test('a token of another cluster and an identity of another CA are refused', async (t) => {
  const [first, second] = cluster.nodes as [Host, Host];
  await installShoal(second, 'shoal-controller');
  const own = 'cluster: { name: other }\ngossip: { listen: "0.0.0.0:9906" }\n';
  await second.write('/etc/shoal/controller.yaml', own);
  await second.exec('systemctl restart shoal-controller');
  const up = async (): Promise<boolean> => (await second.exec('shoal status', { check: false })).code === 0;
  await cluster.lab.waitFor(up, { what: 'the other cluster’s controller' });
  const token = (await second.exec('shoal token create --uses 1')).stdout.trim();
  await installShoal(second, 'shoal-agent');

  const configure = async (controller: string): Promise<void> => {
    const joined = `cluster: { controller: "${controller}:9898", token: ${token} }`;
    await second.write('/etc/shoal/agent.yaml', `${joined}\nnode: { name: stranger }\n`, 0o600);
    await second.exec('systemctl enable shoal-agent && systemctl restart shoal-agent');
  };
  const says = (pattern: RegExp, what: string): Promise<string> =>
    cluster.lab.waitFor(async () => pattern.exec(await agentLog(second))?.[0], { what });
  const known = async (): Promise<string[]> =>
    (await cluster.ask<NodeView[]>('node', 'ls')).map((node) => node.name);

  await configure('controller');
  t.comment(await says(/"code":"permission_denied".*presents another CA.*/, 'the token to be refused'));
  t.strictSame(await known(), ['node1', 'node2']);
  t.notMatch(await agentLog(second), token, 'the token isn’t logged');
  const tokens = JSON.parse((await second.exec('shoal token ls --json')).stdout) as TokenView[];
  t.match(tokens, [{ usesLeft: 1 }], 'its secret was not given away');

  await configure(second.name);
  await says(/linked to the controller/, 'it to join its own cluster');
  await configure('controller');
  t.comment(await says(/.*certificate of another CA.*/, 'the identity to be refused'));
  t.strictSame(await known(), ['node1', 'node2']);
  t.equal(await answerOf(first), 'four', 'nothing of it matters to the services');
});
