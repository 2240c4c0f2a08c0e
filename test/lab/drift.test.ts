import { setTimeout as pause } from 'node:timers/promises';
import type { DriftView } from '@shoal/common';
import t, { type Test } from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { Host } from './host.js';

// Hosts that are changed by hand: how long until it is shown, and until it is put back where the policy says so.

const spec = `cluster: shoal
services:
  web:
    blueprint: nginx
    nodes: [node1]
  kept:
    blueprint: nginx
    nodes: [node2]
    drift: repair
`;
const shownWithinS = 30;
let cluster: Cluster;

t.before(async () => {
  cluster = await createCluster({ nodes: ['node1', 'node2'] });
  await cluster.apply(spec, 'two web servers');
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

interface Kind {
  readonly name: string;
  /** What somebody does on a host; \`SERVICE\` stands for the service's name. */
  readonly inject: string;
  /** The step that no longer holds then. */
  readonly step: string;
}

const index = '/var/www/shoal-SERVICE/index.html';
const kinds: readonly Kind[] = [
  { name: 'changed file', inject: 'echo "# by hand" >> /etc/nginx/nginx.conf', step: 'config' },
  { name: 'removed file', inject: `rm ${index}`, step: 'index' },
  { name: 'changed permissions', inject: `chmod 0666 ${index}`, step: 'index' },
  { name: 'removed directory', inject: 'rm -r /var/www/shoal-SERVICE', step: 'web-root' },
  { name: 'stopped unit', inject: 'systemctl stop nginx', step: 'run' },
  { name: 'disabled unit', inject: 'systemctl disable nginx', step: 'unit' },
  { name: 'removed package', inject: 'apt-get -q -y remove nginx', step: 'package' },
];

function drifts(node: Host): Promise<DriftView[]> {
  return cluster.ask<DriftView[]>('drift', node.name);
}

/** Serves, with everything as it shall be; checked by hand and not by Shoal. */
async function isWhole(node: Host, service: string): Promise<boolean> {
  const checks = [
    `test "$(stat -c %a ${index.replace('SERVICE', service)})" = 644`,
    '! grep -q "by hand" /etc/nginx/nginx.conf',
    'systemctl is-enabled -q nginx',
    'systemctl is-active -q nginx',
    'dpkg -s nginx | grep -q "install ok installed"',
  ];
  const { code } = await node.exec(checks.join(' && '), { check: false });
  return code === 0 && (await cluster.lab.fetch(`http://${node.address}/`)).status === 200;
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Each question is a process on a busy machine, and half a second is precise enough. */
const intervalMs = 500;

async function shownAndRepaired(t: Test): Promise<void> {
  const [node] = cluster.nodes as [Host, Host];
  for (const { name, inject, step } of kinds) {
    await node.exec(inject.replaceAll('SERVICE', 'web'));
    const start = performance.now();
    const shown = await cluster.lab.waitFor(
      async () => (await drifts(node)).find((drift) => drift.step === step),
      { what: `${name} to be shown`, timeoutMs: 60_000, intervalMs },
    );
    const took = secondsSince(start);
    t.comment(`${name}: shown after ${took.toFixed(1)} s`);
    t.ok(took < shownWithinS, `${name}: ${took} s`);
    t.match(shown, { service: 'web', policy: 'report', state: 'left' }, name);
    t.not(shown.difference, '', name);
    t.match(await cluster.shoal(['drift', 'repair', node.name]), { code: 0 }, `${name} is repaired`);
    t.ok(await isWhole(node, 'web'), `${name}: all is as it shall be`);
    t.same(await drifts(node), [], name);
  }
}

async function repairedByPolicy(t: Test): Promise<void> {
  const [, node] = cluster.nodes as [Host, Host];
  for (const { name, inject } of kinds) {
    await node.exec(inject.replaceAll('SERVICE', 'kept'));
    const start = performance.now();
    await cluster.lab.waitFor(() => isWhole(node, 'kept'), {
      what: `${name} to be repaired`,
      timeoutMs: 90_000,
      intervalMs,
    });
    t.comment(`${name}: repaired by policy after ${secondsSince(start).toFixed(1)} s`);
    const clean = async (): Promise<boolean> => (await drifts(node)).length === 0;
    await cluster.lab.waitFor(clean, { what: 'no drift', intervalMs });
  }
}

// On a host each, at the same time: both wait for the next look most of the time.
t.test('what is changed by hand', { jobs: 2 }, async (t) => {
  await Promise.all([
    t.test('is shown within 30 s, and an operator has it put back', shownAndRepaired),
    t.test('is put back by itself where the policy says so', repairedByPolicy),
  ]);
});

const observedMs = 15_000;

/** Milliseconds of processor time that the agent takes while it is observed. */
async function agentTime(node: Host, interval: string): Promise<number> {
  await node.exec(
    `sed -i '/^drift:/d' /etc/shoal/agent.yaml && echo 'drift: {interval: ${interval}}' >> /etc/shoal/agent.yaml`,
  );
  await node.exec('systemctl restart shoal-agent');
  const pid = await node.mainPid('shoal-agent');
  // Nanoseconds on a processor, of each of its threads; /proc/PID/stat counts in hundredths of a second.
  const used = async (): Promise<number> => {
    const { stdout } = await node.exec(`cat /proc/${pid}/task/*/schedstat`);
    return stdout
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(line.split(' ')[0]) / 1e6, 0);
  };
  // Its start is over when a second costs little.
  await cluster.lab.waitFor(
    async () => {
      const before = await used();
      await pause(1_000);
      return (await used()) - before < 100;
    },
    { what: 'the agent to have started', timeoutMs: 60_000, intervalMs: 1_000 },
  );
  await pause(5_000);
  const before = await used();
  await pause(observedMs);
  return (await used()) - before;
}

t.test('looking costs next to nothing', async (t) => {
  const [node] = cluster.nodes as [Host, Host];
  t.comment(
    `units: ${(await node.exec('ls /run/systemd/units | grep nginx', { check: false })).stdout.trim()}`,
  );
  const never = await agentTime(node, '1h');
  const eachSecond = await agentTime(node, '1s');
  const each = (eachSecond - never) / (observedMs / 1000);
  t.comment(`processor time of a look at the blueprint nginx: ${each.toFixed(1)} ms`);
  t.ok(each < 10, `${each} ms of 10 s are 0.1 % of a core`);
});
