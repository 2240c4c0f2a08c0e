import type { RolloutView } from '@shoal/common';
import t, { type Test } from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { Host } from './host.js';
import { krakendVersions, makeKrakendPackages, offerKrakend } from './krakend.js';
import { describeLoad, type Load, startLabLoad } from './load.js';

// Two balancers before three gateways, under a load that doesn't wait, while everything about the gateways changes: their
// configuration again and again, their package, a configuration that they refuse, two that they take and that answer 500.
// SHOAL_LAB_ROLLOUTS=10 SHOAL_LAB_TIMEOUT=1800 makes it the long one.

const rollouts = Number(process.env['SHOAL_LAB_ROLLOUTS'] ?? 2);
const requestsPerSecond = 500;
const [older, newer] = krakendVersions;

let cluster: Cluster;
let load: Load;
let revision = 0;

/** What a spec says of the gateways. */
interface Gateways {
  readonly version?: string;
  /** Milliseconds; each change is another one. */
  readonly timeout: number;
  /** What the backends are asked for at each of the two paths. */
  readonly hello?: string;
  readonly other?: string;
  /** More of KrakenD's own configuration. */
  readonly configuration?: string;
}

const spec = ({
  version = older,
  timeout,
  hello = '/',
  other = '/',
  configuration = '{}',
}: Gateways): string => `
cluster: shoal
rollout:
  # Errors are what is tried here. How soon a machine answers that has other work as well says nothing of a change.
  # Balancers there may also take some seconds until they send a changed gateway requests again, and without any nothing can be judged.
  gate: { observe: 6s, maxLatencyIncrease: 100 }
services:
  backend:
    blueprint: nginx
    nodes: [gw1, gw2, gw3]
    params: { port: 8081, body: '{"answer":"ok"}' }
  gateway:
    blueprint: krakend
    nodes: [gw1, gw2, gw3]
    needs: [backend]
    params:
      version: "${version}"
      timeout: ${timeout}ms
      hosts: ["http://127.0.0.1:8081"]
      probes: [/hello]
      configuration: ${configuration}
      endpoints:
        - { path: /hello, backends: [{ urlPattern: ${hello} }] }
        - { path: /other, backends: [{ urlPattern: ${other} }] }
  balancer:
    blueprint: haproxy
    nodes: [lb1, lb2]
    needs: [gateway]
    params:
      service: gateway
      port: 8080
      checkPath: /__health
      retryOn: [500, 502, 503, 504]
      # Processes on the lab's hosts may have 1,024 files open.
      maxConnections: 400
`;

/** A rollout's outcome, as its operator sees it. */
interface Change {
  readonly code: number | null;
  readonly text: string;
  readonly seconds: number;
  readonly view: RolloutView;
}

async function change(gateways: Gateways, reason: string): Promise<Change> {
  const begun = performance.now();
  const { code, stdout, stderr } = await cluster.apply(spec(gateways), reason, { check: false });
  const seconds = (performance.now() - begun) / 1000;
  revision += 1;
  const view = await cluster.ask<RolloutView>('rollout', 'status', '--revision', String(revision));
  return { code, text: `${stdout}${stderr}`, seconds, view };
}

/** When each process of the gateway on a host was first seen, until `stop`. */
function watchGateway(host: Host): { stop(): Promise<readonly number[]> } {
  const seen = new Map<number, number>();
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const pid = await host.mainPid('krakend').catch(() => 0);
      if (pid > 0 && !seen.has(pid)) seen.set(pid, performance.now());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return [...seen.values()];
    },
  };
}

const balancers = (): string[] => ['lb1', 'lb2'].map((name) => `http://${cluster.lab.host(name).address}`);
const gateways = (): Host[] => ['gw1', 'gw2', 'gw3'].map((name) => cluster.lab.host(name));

t.before(async () => {
  const { standIn, binds } = makeKrakendPackages();
  t.comment(standIn ? 'gateways: the stand-in for KrakenD' : 'gateways: KrakenD');
  cluster = await createCluster({ nodes: ['lb1', 'lb2', 'gw1', 'gw2', 'gw3'], binds });
  await Promise.all(gateways().map(offerKrakend));
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const good = (t: Test, { code, text, seconds, view }: Change, what: string): void => {
  t.equal(code, 0, text);
  t.equal(view.status, 'succeeded');
  t.comment(`${what}: ${seconds.toFixed(1)} s`);
};

t.test('the balancers serve what the gateways answer', async (t) => {
  good(t, await change({ timeout: 2000 }, 'first'), 'installed on five nodes');
  const answers = async (): Promise<boolean> => {
    for (const origin of balancers()) {
      const { status, body } = await cluster.lab.fetch(`${origin}/hello`);
      if (status !== 200 || JSON.parse(body).answer !== 'ok') return false;
    }
    return true;
  };
  await cluster.lab.waitFor(answers, { what: 'both balancers to pass requests on' });
  load = startLabLoad(cluster.lab, {
    targets: balancers(),
    requestsPerSecond,
    mix: [
      { path: '/hello', expect: '"answer":"ok"', weight: 3 },
      { path: '/other', expect: '"answer":"ok"' },
    ],
  });
});

t.test('its configuration changes', async (t) => {
  for (let i = 1; i <= rollouts; i++) {
    good(t, await change({ timeout: 2000 + i }, `change ${i}`), `rollout ${i} of ${rollouts}`);
  }
});

t.test('its package is upgraded', async (t) => {
  good(t, await change({ timeout: 2000, version: newer }, 'upgrade'), 'package upgrade');
  for (const gateway of gateways()) {
    const { stdout } = await gateway.exec('dpkg-query --show krakend');
    t.match(stdout, newer);
  }
});

t.test('a configuration that the gateway can not read touches nothing', async (t) => {
  const processes = (): Promise<number[]> => Promise.all(gateways().map((host) => host.mainPid('krakend')));
  const before = await processes();
  const refused = await change(
    { timeout: 2000, version: newer, configuration: '{ timeout: soon }' },
    'unreadable',
  );
  t.equal(refused.code, 7, refused.text);
  t.match(refused.text, /refused/);
  t.comment(`refused by the check: ${refused.seconds.toFixed(1)} s`);
  t.strictSame(await processes(), before);
});

for (const [what, bad] of [
  ['a configuration whose probe answers 500', { hello: '/missing' }],
  ['a configuration that answers 500 where no probe asks', { other: '/missing' }],
] as const) {
  t.test(`${what} is undone`, async (t) => {
    const watched = gateways().map(watchGateway);
    const failed = await change({ timeout: 2000, version: newer, ...bad }, what);
    const starts = await Promise.all(watched.map((watch) => watch.stop()));
    t.equal(failed.code, 7, failed.text);
    t.match(failed.view, { status: 'failed', undone: true });
    const touched = starts.filter((seen) => seen.length > 1);
    t.equal(touched.length, 1, 'one node took it');
    const [, began = 0, ended = 0] = touched[0] ?? [];
    t.ok(ended > began, 'it went back');
    const seconds = (ended - began) / 1000;
    t.comment(
      `${what}: rollout ${failed.seconds.toFixed(1)} s, ${seconds.toFixed(1)} s from the bad gateway's start to the good one's`,
    );
    t.ok(seconds < 30);
    const failure = failed.view.nodes.find(({ failure }) => failure !== null)?.failure;
    t.comment(`${failure?.service}, ${failure?.step}: ${failure?.message}`);
  });
}

t.test('not one request failed', async (t) => {
  const report = await load.stop();
  for (const line of describeLoad(report).split('\n')) t.comment(line);
  t.comment(`the generator was at most ${report.worstLagMs.toFixed(0)} ms late`);
  t.ok(report.requests >= report.seconds * requestsPerSecond * 0.9, 'the load was constant');
  t.equal(report.standardFailures, 0);
});
