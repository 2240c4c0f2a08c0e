import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { Host } from './host.js';
import { describeLoad, type LoadReport, startLabLoad } from './load.js';

import { watchUpstream } from './upstream-watch.js';

// A gateway's host loses its power under load while the controller is away: behind balancers that Shoal runs, and on the
// same hosts behind a plain nginx whose upstreams stand in its configuration.

const requestsPerSecond = 500;
/** How long the load goes on after the power is gone, in ms. */
const afterMs = 25_000;

let cluster: Cluster;
let balancers: readonly Host[];
let gateways: readonly Host[];

t.before(async () => {
  cluster = await createCluster({ nodes: ['lb1', 'lb2', 'gw1', 'gw2', 'gw3'] });
  balancers = cluster.nodes.slice(0, 2);
  gateways = cluster.nodes.slice(2);
  await cluster.apply(spec, 'gateways and balancers');
  await Promise.all(balancers.map(installStatic));
  await cluster.controller.powerCut();
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const spec = `
cluster: shoal
services:
  gateway:
    blueprint: nginx
    nodes: [gw1, gw2, gw3]
    params: { port: 8080, body: served }
  balancer:
    blueprint: haproxy
    nodes: [lb1, lb2]
    needs: [gateway]
    # An answer that a gateway owes is asked of another within the time that this client waits for one.
    params: { service: gateway, port: 8080, listenPort: 8000, readTimeout: 4s }
`;

/** What somebody without Shoal has: Debian's nginx, its defaults, the gateways' addresses; only the log says more. */
async function installStatic(host: Host): Promise<void> {
  await host.install('nginx');
  const servers = gateways.map(({ address }) => `server ${address}:8080;`).join(' ');
  const config = `
log_format upstreams '$msec $request_time $upstream_addr';
upstream gateways { ${servers} }
server {
    listen 8001;
    access_log /var/log/nginx/upstreams.log upstreams;
    location / { proxy_pass http://gateways; }
}
`;
  await host.write('/etc/nginx/conf.d/static.conf', config);
  await host.exec('systemctl reload nginx');
}

/** Cuts a gateway's power in the middle of a load; when that was, and what became of the requests. */
async function loseUnderLoad(gateway: Host, port: number): Promise<{ cutAt: number; report: LoadReport }> {
  const targets = balancers.map(({ address }) => `http://${address}:${port}`);
  const mix = [
    { path: '/', expect: '^served$', weight: 4 },
    { path: '/?query=one', expect: '^served$', weight: 1 },
  ];
  const load = startLabLoad(cluster.lab, { targets, requestsPerSecond, mix, fresh: 0.3, connections: 20 });
  await delay(4_000);
  await gateway.powerCut();
  const cutAt = Date.now();
  await delay(afterMs);
  return { cutAt, report: await load.stop() };
}

function tell(t: Test, what: string, report: LoadReport, cutAt: number, lastSent: number): number {
  const seconds = Math.max(0, (lastSent - cutAt) / 1000);
  const still = seconds * 1000 > afterMs - 2_000 ? ', and still does' : '';
  t.comment(`${what}: ${describeLoad(report).replaceAll('\n', '\n# ')}`);
  t.comment(`${what}: sends requests to the dead host for ${seconds.toFixed(1)} s${still}`);
  return seconds;
}

t.test('behind balancers of Shoal, with the controller away', async (t) => {
  const [gateway] = gateways.slice(-1) as [Host];
  const upstream = `${gateway.address}:8080`;
  const watches = balancers.map((balancer) => watchUpstream(balancer, upstream));
  const { cutAt, report } = await loseUnderLoad(gateway, 8000);
  const sent = await Promise.all(watches.map((watch) => watch.stop()));
  t.ok(Math.min(...sent) > 0, 'both sent requests to it before');
  const seconds = tell(t, 'Shoal', report, cutAt, Math.max(...sent));
  t.ok(
    report.requests / report.seconds >= requestsPerSecond * 0.99,
    'the load was as high as it was meant to be',
  );
  t.equal(report.standardFailures, 0, 'what the dead host had taken was asked of another');
  t.ok(seconds < 10, 'both stopped within 10 s');
  for (const balancer of balancers) {
    t.notMatch(
      await balancer.read('/etc/haproxy/shoal-members.cfg'),
      upstream,
      'nor will they after a restart',
    );
  }
});

t.test('beside it: a plain nginx with static upstreams', async (t) => {
  const gateway = cluster.lab.host('gw3');
  await gateway.boot();
  const serves = async (): Promise<boolean> =>
    (await cluster.lab.fetch(`http://${gateway.address}:8080/`)).status === 200;
  await cluster.lab.waitFor(serves, { what: 'the gateway to serve again' });
  const { cutAt, report } = await loseUnderLoad(gateway, 8001);
  let lastSent = 0;
  for (const balancer of balancers) {
    const lines = (await balancer.exec(`grep ${gateway.address} /var/log/nginx/upstreams.log | tail -n 200`))
      .stdout;
    for (const [end = 0, duration = 0] of lines
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number))) {
      lastSent = Math.max(lastSent, (end - duration) * 1000);
    }
  }
  tell(t, 'static nginx', report, cutAt, lastSent);
  t.ok(
    report.requests / report.seconds >= requestsPerSecond * 0.99,
    'the load was as high as it was meant to be',
  );
  t.ok(lastSent > cutAt, 'it does not learn that the host is gone');
});
