import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'tap';
import { readArguments, UsageError } from './arguments.js';
import type { Sighting } from './gossip-cluster.js';
import { assess, type Freeze, planFreezes } from './gossip-freezes.js';
import type { Report } from './report.js';

const run = promisify(execFile);
const able =
  ['serf', 'nft'].every((program) => spawnSync(program, ['--version']).error === undefined) &&
  spawnSync('unshare', ['--net', '--map-root-user', 'true']).status === 0;
const skip =
  !able && process.env['CI'] !== 'true'
    ? 'needs the packages serf and nftables, and network namespaces'
    : false;

async function bench(...args: string[]): Promise<Map<string, Report['figures'][number]>> {
  const main = new URL('./main.js', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [main, ...args, '--json'], { timeout: 110_000 });
  return new Map((JSON.parse(stdout) as Report).figures.map((figure) => [figure.name, figure]));
}

const small = ['--nodes', '3', '--profile', 'local'];

test('short runs beside serf', { skip, timeout: 115_000 }, async (t) => {
  const [comparison, stress] = await Promise.all([
    bench('gossip', ...small, '--trials', '1', '--seconds', '2', '--encrypted'),
    bench('gossip-stress', ...small, '--seconds', '4'),
  ]);
  const positive = (name: string): void => {
    const figure = comparison.get(name);
    t.ok((figure?.value ?? 0) > 0, `${name}: ours`);
    t.ok((figure?.ratio?.peer ?? 0) > 0, `${name}: serf's`);
  };
  positive('kill -9: dead for all, median');
  positive('SIGSTOP: dead for all, worst');
  positive('idle: traffic');
  positive('idle: packets');
  positive('idle: resident');
  t.type(stress.get('false deaths of healthy members')?.value, 'number');
});

test('options that make no sense, or that a benchmark does not know, are refused in one line', (t) => {
  const cluster = ['nodes', 'profile', 'encrypted', 'seed', 'seconds'] as const;
  const known = { footprint: ['seconds'], gossip: [...cluster, 'trials'], 'gossip-stress': cluster } as const;
  for (const [command, error] of [
    ['footprint --nodes 3', 'footprint has no option --nodes'],
    ['gossip-stress --trials 3', 'gossip-stress has no option --trials'],
    ['gossip --nodes x', '--nodes is "x", expected a number above 0'],
    ['gossip --trials 1.5', '--trials is "1.5", expected a whole number above 0'],
    ['gossip --profile moon', '--profile is "moon", expected lan, wan or local'],
    ['gossip now', 'unexpected argument "now"'],
    ['gossip --colour red', "Unknown option '--colour'"],
    ['constructor', 'there is no benchmark "constructor", expected one of footprint, gossip, gossip-stress'],
  ] as const) {
    t.throws(() => readArguments(command.split(' '), known), new UsageError(error), command);
  }
  const main = new URL('./main.js', import.meta.url).pathname;
  for (const [command, error] of [
    ['gosip', /^there is no benchmark "gosip", expected one of .+\n$/],
    ['gossip --nodes 2', /^--nodes is 2, expected 3 to 250\n$/],
  ] as const) {
    const words = command.split(' ');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
    t.same([status, stdout], [2, ''], command);
    t.match(stderr, error);
  }
  t.end();
});

test('freezes are planned from a seed, one at a time for each member, within the duration', async (t) => {
  const plan = planFreezes(7, [2, 5], 60_000);
  t.same(planFreezes(7, [2, 5], 60_000), plan);
  t.not(planFreezes(8, [2, 5], 60_000)[0]?.from, plan[0]?.from);
  for (const member of [2, 5]) {
    const own = plan.filter((freeze) => freeze.member === member);
    t.ok(own.length > 3, `member ${member} is frozen ${own.length} times`);
    own.forEach((freeze, i) => {
      t.ok(freeze.until - freeze.from >= 1000 && freeze.until - freeze.from <= 8000);
      t.ok(freeze.from - (own[i - 1]?.until ?? -3000) >= 3000);
      t.ok(freeze.until <= 60_000);
    });
  }
});

test('a death is false if its member was never frozen', async (t) => {
  const freezes: Freeze[] = [{ member: 2, from: 1000, until: 5000 }];
  const said = (at: number, observer: number, change: Sighting['change'], subject: number): Sighting => ({
    at,
    observer,
    subject,
    change,
    own: false,
  });
  const judgment = assess(
    [
      said(4000, 0, 'dead', 2),
      said(4100, 1, 'dead', 2),
      said(5300, 0, 'alive', 2),
      said(5400, 2, 'dead', 1),
      said(5500, 1, 'alive', 2),
      said(5600, 0, 'dead', 1),
      said(5700, 0, 'alive', 1),
      said(5800, 2, 'alive', 1),
      said(5900, 0, 'dead', 1),
    ],
    freezes,
  );
  t.same(judgment, {
    falseDeaths: 2,
    falseVerdictsOfHealthy: 2,
    falseVerdictsOfFrozen: 1,
    freezes: [{ lengthMs: 4000, dead: true, aliveAgainMs: 500 }],
  });
  t.same(assess([], freezes).freezes, [{ lengthMs: 4000, dead: false, aliveAgainMs: undefined }]);
});
