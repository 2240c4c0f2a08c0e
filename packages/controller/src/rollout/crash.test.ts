import t from 'tap';
import {
  type KillPoint,
  killPoints,
  type Scenario,
  SimulatedCluster,
} from './simulated-cluster.test.support.js';
import type { RolloutState } from './state.js';
import { seeded } from './world.test.support.js';

t.setTimeout(180_000);

const six = Array.from({ length: 6 }, () => 'converges' as const);
const fifth = [...six.slice(0, 4), 'fails', 'converges'] as const;

const scenarios: readonly Scenario[] = [
  { name: 'one-by-one', policy: {}, nodes: six.slice(0, 4), ends: 'succeeded' },
  {
    name: 'one-by-one, the third fails',
    policy: {},
    nodes: [...six.slice(0, 2), 'fails', 'converges'],
    ends: 'failed',
  },
  { name: 'batches', policy: { strategy: 'batches', batch: 2 }, nodes: six, ends: 'succeeded' },
  {
    name: 'batches, one fails in the last',
    policy: { strategy: 'batches', batch: 2 },
    nodes: fifth,
    ends: 'failed',
  },
  {
    name: 'batches, bound below the batch, one fails',
    policy: { strategy: 'batches', batch: 3, maxUnavailable: 2 },
    nodes: fifth,
    ends: 'failed',
  },
  {
    name: 'batches, stop',
    policy: { strategy: 'batches', batch: 2, onFailure: 'stop' },
    nodes: fifth,
    ends: 'failed',
    undone: false,
  },
  {
    name: 'batches, stop, then undone by an operator',
    policy: { strategy: 'batches', batch: 2, onFailure: 'stop' },
    nodes: fifth,
    requests: [{ when: 'failed', what: 'abort' }],
    ends: 'failed',
  },
  { name: 'all at once', policy: { strategy: 'all-at-once' }, nodes: six, ends: 'succeeded' },
  { name: 'all at once, one fails', policy: { strategy: 'all-at-once' }, nodes: fifth, ends: 'failed' },
  {
    name: 'canary, promoted',
    policy: { strategy: 'canary', batch: 2 },
    nodes: six,
    requests: [{ when: 'awaiting-promotion', what: 'promote' }],
    ends: 'succeeded',
  },
  {
    name: 'canary, promoted by time, fails later',
    policy: { strategy: 'canary', batch: 2, canary: { promote: '5s' } },
    nodes: fifth,
    ends: 'failed',
  },
  {
    name: 'canary fails',
    policy: { strategy: 'canary' },
    nodes: ['fails', ...six.slice(0, 3)],
    ends: 'failed',
  },
  {
    name: 'canary, aborted',
    policy: { strategy: 'canary', canary: { nodes: 2 } },
    nodes: six,
    requests: [{ when: 'awaiting-promotion', what: 'abort' }],
    ends: 'aborted',
  },
  {
    name: 'paused, resumed, aborted',
    policy: { strategy: 'batches', batch: 2 },
    nodes: six,
    requests: [
      { when: 'running', what: 'pause' },
      { when: 'paused', what: 'resume' },
      { when: 'running', what: 'abort' },
    ],
    ends: 'aborted',
  },
  {
    name: 'aborted, nodes kept',
    policy: { strategy: 'batches', batch: 2 },
    nodes: six,
    requests: [{ when: 'running', what: 'abort', keep: true }],
    ends: 'aborted',
    undone: false,
  },
  {
    name: 'fails once, retried',
    policy: { strategy: 'batches', batch: 2 },
    nodes: [...six.slice(0, 3), 'fails-once', 'converges'],
    requests: [{ when: 'failed', what: 'retry' }],
    ends: 'succeeded',
  },
  {
    name: 'lies still until its deadline',
    policy: { strategy: 'batches', batch: 2 },
    nodes: [...six.slice(0, 3), 'lies-still'],
    ends: 'failed',
    // It doesn't answer to going back either, before the deadline of that has passed.
    undone: false,
  },
  {
    name: 'one vanishes under way and comes back',
    policy: { strategy: 'batches', batch: 2 },
    nodes: [...six.slice(0, 2), 'vanishes', 'converges'],
    ends: 'succeeded',
  },
  {
    name: 'one is offline and comes back late',
    policy: {},
    nodes: ['converges', { gone: 40 }, 'converges'],
    ends: 'succeeded',
  },
  {
    name: 'one goes offline while all is undone',
    policy: { strategy: 'batches', batch: 2 },
    nodes: [...six.slice(0, 2), { gone: 25 }, 'fails', 'converges'],
    ends: 'failed',
  },
];

/** What is wrong at the end: everybody runs what the outcome says, and is in a state with a name. */
function verdict(cluster: SimulatedCluster, state: RolloutState | undefined): string[] {
  const { scenario, targets, problems } = cluster;
  if (state === undefined) return ['no rollout'];
  const wrong = [...problems];
  if (state.status !== scenario.ends) wrong.push(`ended as ${state.status}`);
  const { undone = scenario.ends !== 'succeeded' } = scenario;
  if (state.undone !== undone) wrong.push(`undone is ${state.undone}`);
  for (const { node, status } of state.nodes) {
    const agent = cluster.agents.get(node);
    const target = targets?.get(node)?.revision;
    const should = status === 'succeeded' ? 2 : 1;
    if (!['succeeded', 'failed', 'untouched', 'undone'].includes(status))
      wrong.push(`${node} is left as ${status}`);
    if (target !== should) wrong.push(`${node} ${status} shall be at ${target}`);
    if (agent?.running !== `h${should}`) wrong.push(`${node} ${status} runs ${agent?.running}`);
    if (status === 'succeeded' && state.undone) wrong.push(`${node} keeps what was undone`);
    const tries = 1 + (scenario.requests?.filter(({ what }) => what === 'retry').length ?? 0);
    if ((agent?.tries ?? 0) > tries) wrong.push(`${node} tried ${agent?.tries} times`);
  }
  return wrong;
}

async function simulate(
  scenario: Scenario,
  plan: readonly { transaction: number; point: KillPoint }[],
): Promise<{
  wrong: string[];
  kills: number;
  state: RolloutState | undefined;
  transactions: number;
  ticks: number;
}> {
  const cluster = new SimulatedCluster(scenario, plan);
  const state = await cluster.run();
  const wrong = verdict(cluster, state).map(
    (what) => `${scenario.name}, killed ${JSON.stringify(plan)}: ${what}`,
  );
  return { wrong, kills: cluster.kills, state, transactions: cluster.transactions, ticks: cluster.tick };
}

t.test('killed at every transition, each way: the rollout ends right', async (t) => {
  let runs = 0;
  let kills = 0;
  let ticks = 0;
  let transitions = 0;
  const wrong: string[] = [];
  for (const scenario of scenarios) {
    const whole = await simulate(scenario, []);
    wrong.push(...whole.wrong);
    transitions += whole.transactions;
    for (let transaction = 0; transaction < whole.transactions; transaction += 1) {
      for (const point of killPoints) {
        const run = await simulate(scenario, [{ transaction, point }]);
        runs += 1;
        kills += run.kills;
        ticks += run.ticks;
        wrong.push(...run.wrong);
      }
    }
  }
  t.same(wrong.slice(0, 5), []);
  t.ok(kills >= 0.9 * runs, 'nearly every run was killed');
  t.comment(
    `${scenarios.length} scenarios, ${transitions} transitions, ${runs} runs, ${kills} kills, ${ticks} simulated seconds`,
  );
});

t.test('the wall clock is set while time is counted: nothing expires, nothing is put off', async (t) => {
  const day = 86_400_000;
  const timed = scenarios.filter(({ name, policy }) => /lies still/.test(name) || policy.canary?.promote);
  t.equal(timed.length, 2);
  const wrong: string[] = [];
  const plans = [[], [{ transaction: 2, point: 'acted' }]] as const;
  for (const scenario of timed) {
    for (const plan of plans) {
      const { ticks } = await simulate(scenario, plan);
      for (let tick = 1; tick < ticks; tick += 2) {
        for (const ms of [-day, day]) {
          const name = `${scenario.name}, set by ${ms} at ${tick}`;
          const run = await simulate({ ...scenario, name, clockSet: [{ tick, ms }] }, plan);
          wrong.push(...run.wrong);
          // Noting that the clock was set is a transition, too: the kill comes a little earlier.
          if (Math.abs(run.ticks - ticks) > 1) wrong.push(`${name}: ${run.ticks} ticks instead of ${ticks}`);
        }
      }
    }
  }
  t.same(wrong.slice(0, 5), []);
});

t.test('killed again and again, at random: the rollout ends right', async (t) => {
  let kills = 0;
  const wrong: string[] = [];
  const seeds = 150;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const chance = seeded(seed);
    const scenario = scenarios[Math.floor(chance() * scenarios.length)];
    if (scenario === undefined) continue;
    const plan = Array.from({ length: 12 }, () => ({
      transaction: Math.floor(chance() * 4),
      point: killPoints[Math.floor(chance() * killPoints.length)] ?? 'acted',
    }));
    const run = await simulate(scenario, plan);
    kills += run.kills;
    wrong.push(...run.wrong.map((what) => `seed ${seed}: ${what}`));
  }
  t.same(wrong.slice(0, 5), []);
  t.comment(`${seeds} runs, ${kills} kills`);
});
