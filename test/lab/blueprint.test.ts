import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';

// From nothing to a service of one's own under systemd, with the installed packages alone.

let cluster: Cluster;

t.before(async () => {
  cluster = await createCluster({ nodes: ['node1'] });
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const answer = async (): Promise<string> =>
  (await cluster.nodes[0]?.exec('curl -sf http://127.0.0.1:8080/', { check: false }))?.stdout ?? '';

t.test('a new blueprint lints clean, is uploaded, and serves as a unit', async (t) => {
  const { controller, shoal } = cluster;
  await shoal(['blueprint', 'new', '/root/gw']);
  const { stdout, stderr } = await shoal(['blueprint', 'lint', '--strict', '/root/gw']);
  t.equal(stdout + stderr, '/root/gw: no errors, no warnings\n');
  await controller.exec(`test -s "$(sed -n '1s/.*schema=//p' /root/gw/blueprint.yaml)"`);
  t.match((await shoal(['blueprint', 'add', '/root/gw'])).stdout, 'gw@0.1.0 added');
  const spec = (body: string) =>
    `cluster: shoal\nservices:\n  gw: { blueprint: gw, nodes: all, params: { body: ${body}, listenOn: all } }\n`;
  await cluster.apply(spec('first'), 'a service of our own');
  t.equal(await answer(), 'first');
  t.equal((await cluster.nodes[0]?.exec('systemctl is-enabled gw'))?.stdout.trim(), 'enabled');
  const [unit] = cluster.nodes;
  t.not(
    (await unit?.exec('stat -c %U /proc/$(systemctl show -p MainPID --value gw)'))?.stdout.trim(),
    'root',
  );
  t.equal((await unit?.exec('stat -c "%U %a" /opt/gw/server.json'))?.stdout.trim(), 'root 600');
  await cluster.apply(spec('second'), 'changed');
  t.equal(await answer(), 'second');
  const stats = async (): Promise<number | undefined> => {
    const [latest] = await cluster.ask<{ values: Record<string, number> }[]>('stats');
    return latest?.values['service.gw.requests_per_s'];
  };
  await cluster.lab.waitFor(async () => (await stats()) !== undefined, { what: 'requests to be counted' });
});
