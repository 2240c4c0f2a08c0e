import { setTimeout as pause } from 'node:timers/promises';
import type { NodeView, RolloutView } from '@shoal/common';
import { seededRandom } from '@shoal/gossip/sim';
import t, { type Test } from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { CommandResult } from './command.js';
import type { Host } from './host.js';
import { startTraffic, type Traffic } from './traffic.js';

// The controller is killed once in each of ten rollouts, at a random point of its usual length, and started again by systemd.
// `SHOAL_LAB_SEED` replays the points of a run that printed it.

const seed = Number(process.env['SHOAL_LAB_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);

/** A rollout: its policy, how long it takes when nobody is killed, and where it can't succeed. */
interface Round {
  readonly policy: string;
  readonly usualMs: number;
  readonly fails?: string;
}

const oneByOne: Round = { policy: 'strategy: one-by-one', usualMs: 11_000 };
const batches: Round = { policy: 'strategy: batches, batch: 2', usualMs: 8_000 };
const allAtOnce: Round = { policy: 'strategy: all-at-once', usualMs: 5_000 };
const canary: Round = {
  policy: 'strategy: canary, canary: { nodes: 1, promote: 2s }, batch: 2',
  usualMs: 10_000,
};
const rounds: readonly Round[] = [
  batches,
  canary,
  { ...oneByOne, usualMs: 7_000, fails: 'node2' },
  allAtOnce,
  oneByOne,
  batches,
  { ...canary, usualMs: 9_000, fails: 'node2' },
  batches,
  canary,
  { ...oneByOne, usualMs: 7_000, fails: 'node2' },
];

const spec = (round: number, { policy, fails }: Round): string => `
cluster: shoal
rollout: { ${policy}, nodeDeadline: 1m, gate: { observe: 1s } }
services:
  web:
    blueprint: nginx
    nodes: all
    params: { port: 8080, body: "round ${round}", workerConnections: ${500 + round} }
    perNode: { ${fails === undefined ? '' : `${fails}: { extraConfig: "no_such_directive on;" }`} }
`;

let cluster: Cluster;
let traffic: Traffic;
/** Revision of the spec that was applied last. */
let revision = 0;
/** Rollouts that hadn't ended when the controller was killed. */
let underWay = 0;
/** The nodes as the round before left them. */
let last: readonly Seen[] = [];

t.before(async () => {
  t.comment(`seed ${seed}`);
  cluster = await createCluster({ nodes: ['node1', 'node2', 'node3'] });
  await apply(spec(0, allAtOnce));
  await cluster.shoal(['rollout', 'watch'], { timeoutMs: 120_000 });
  last = await seeAll();
  traffic = startTraffic(cluster.lab, cluster.nodes.map(urlOf));
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const urlOf = (node: Host): string => `http://${node.address}:8080/`;
const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(1);

async function apply(text: string): Promise<void> {
  await cluster.controller.write('/root/cluster.yaml', text);
  await cluster.shoal(['apply', '/root/cluster.yaml', '--detach', '--reason', 'another round']);
  revision += 1;
}

/** What an operator can see of a node, and what it serves. */
interface Seen {
  readonly node: string;
  readonly body: string;
  readonly config: string;
  readonly desired: string | undefined;
  readonly running: string | undefined;
  readonly failed: string | undefined;
}

/** @throws Error while a node has no link */
async function seeAll(): Promise<Seen[]> {
  const views = await cluster.ask<NodeView[]>('node', 'ls');
  return await Promise.all(
    cluster.nodes.map(async (host) => {
      const view = views.find(({ name }) => name === host.name);
      if (view?.connected !== true) throw new Error(`${host.name} has no link`);
      return {
        node: host.name,
        body: (await cluster.lab.fetch(urlOf(host))).body,
        config: (await host.exec('sha256sum /etc/nginx/nginx.conf')).stdout,
        desired: view.desired?.hash,
        running: view.running?.hash,
        failed: view.failed?.hash,
      };
    }),
  );
}

/** Kills the controller after that time; the rollout as it was the moment before. */
async function killAfter(ms: number): Promise<string> {
  await pause(ms);
  const pid = await cluster.controller.mainPid('shoal-controller');
  const show = `shoal rollout show --revision ${revision} --json`;
  const { stdout } = await cluster.controller.exec(`${show}; kill -KILL ${pid}`);
  const { status, nodes } = JSON.parse(stdout) as RolloutView;
  if (!['succeeded', 'failed'].includes(status)) underWay += 1;
  return `${status} (${nodes.map(({ node, status }) => `${node} ${status}`).join(', ')})`;
}

const ended = (): Promise<RolloutView> =>
  cluster.ask<RolloutView>('rollout', 'show', '--revision', String(revision));

/** Follows the rollout as an operator does who has applied it, across the controller's death. */
function follow(): Promise<CommandResult> {
  return cluster.shoal(['rollout', 'watch', '--revision', String(revision)], {
    check: false,
    timeoutMs: 120_000,
  });
}

function succeeded(t: Test, round: number, view: RolloutView, seen: readonly Seen[]): void {
  t.match(view, { status: 'succeeded', undone: false });
  for (const { status } of view.nodes) t.equal(status, 'succeeded');
  for (const { node, body, desired, running, failed } of seen) {
    t.equal(body, `round ${round}`, `${node} serves what was applied`);
    t.ok(desired, `${node} shall run something`);
    t.equal(running, desired, `${node} runs what it shall`);
    t.equal(failed, undefined, `nothing failed on ${node}`);
  }
}

function undone(
  t: Test,
  fails: string,
  view: RolloutView,
  before: readonly Seen[],
  seen: readonly Seen[],
): void {
  t.match(view, { status: 'failed', undone: true });
  for (const { node, status } of view.nodes) {
    t.ok(
      node === fails ? status === 'failed' : ['undone', 'untouched'].includes(status),
      `${node} ${status}`,
    );
  }
  for (const [i, now] of seen.entries()) {
    const { failed } = now;
    t.strictSame(
      { ...now, failed: undefined },
      { ...before[i], failed: undefined },
      `${now.node} shall run and runs what it ran`,
    );
    t.equal(failed !== undefined, now.node === fails, `${now.node} tells what failed there`);
    t.not(failed, now.running);
  }
}

for (const [i, round] of rounds.entries()) {
  const number = i + 1;
  const afterMs = Math.round(random() * round.usualMs);
  t.test(
    `round ${number}: ${round.policy}${round.fails === undefined ? '' : `; fails on ${round.fails}`}`,
    async (t) => {
      const before = last;
      await apply(spec(number, round));
      const start = performance.now();
      const [atKill, { code, stdout, stderr }] = await Promise.all([killAfter(afterMs), follow()]);
      const took = secondsSince(start);
      const expected = round.fails === undefined ? 0 : 7;
      t.equal(code, expected, 'the command that follows it ends with it');
      if (code !== expected) t.comment(`${stdout}${stderr}`);
      const [seen, view] = await Promise.all([
        cluster.lab.waitFor(seeAll, { what: 'every node to be linked again' }),
        cluster.lab.waitFor(ended, { what: 'the controller to tell how it ended' }),
      ]);
      last = seen;
      if (round.fails === undefined) succeeded(t, number, view, seen);
      else undone(t, round.fails, view, before, seen);
      t.comment(`killed after ${(afterMs / 1000).toFixed(1)} s: ${atKill}`);
      t.comment(`ended ${view.status}${view.undone ? ', undone' : ''}: ${took} s`);
    },
  );
}

t.test('each death hit the controller, most of them a rollout, and no request failed', async (t) => {
  const shown = await cluster.controller.exec('systemctl show --property=NRestarts --value shoal-controller');
  t.equal(Number(shown.stdout), rounds.length);
  t.comment(`seed ${seed}: ${underWay} of ${rounds.length} rollouts were under way`);
  t.ok(underWay >= rounds.length / 2);
  const results = Object.values(await traffic.stop());
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const failures = results.flatMap((result) => result.failures);
  t.comment(`${requests} requests, ${failures.length} failed`);
  t.strictSame(failures, []);
});
