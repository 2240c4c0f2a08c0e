import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type Test, test } from 'tap';
import { run } from '../cli/run.js';
import { formatViolation } from '../invariants/violation.js';
import type { World } from '../world.js';
import { type ChaosOptions, playChaos } from './chaos.js';
import { planChaos } from './plan.js';

const SMALL: ChaosOptions = { nodes: 12, faultsMs: 20_000 };

/** Runs a command line; what it wrote and its exit code. */
async function simulate(command: string): Promise<{ code: number; text: string; errors: string }> {
  const written = { text: '', errors: '' };
  const code = await run(command.split(' '), {
    result: (text) => {
      written.text += text;
    },
    progress: (text) => {
      written.errors += `${text}\n`;
    },
  });
  return { code, ...written };
}

test('clusters of 50 nodes hold all invariants under random faults', async (t) => {
  for (let seed = 1; seed <= 4; seed++) {
    const { violations } = playChaos(seed);
    t.same(violations.map(formatViolation), [], `replay: npm run simulate -- chaos --seed ${seed} --trace`);
  }
});

test('a seed replays exactly, to the last line of its trace', async (t) => {
  const [once, again, other] = [playChaos(7, SMALL), playChaos(7, SMALL), playChaos(8, SMALL)];
  t.equal(once.fingerprint, again.fingerprint);
  t.same(once.trace.lines(), again.trace.lines());
  t.not(once.fingerprint, other.fingerprint);
});

test('a run goes well with all packets and streams encoded, too', async (t) => {
  t.same(playChaos(3, { ...SMALL, mode: 'bytes' }).violations, []);
});

test('over some seeds, all kinds of faults are planned', async (t) => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 50; seed++)
    for (const fault of planChaos(seed, { nodes: 50, faultsMs: 60_000 }).faults) kinds.add(fault.kind);
  t.same([...kinds].sort(), ['crash', 'cut', 'freeze', 'join', 'leave', 'retag', 'slow', 'split', 'storm']);
});

/** Breaks the rule that the accused is heard: nobody passes on that n7 is alive, and late in the run one node declares it dead. */
function muzzle(world: World): void {
  const transmit = world.transmit.bind(world);
  world.transmit = (from, packet, to): void => {
    const parts = packet.parts.filter(({ message }) => message.type !== 'alive' || message.node !== 'n7');
    if (parts.length > 0) transmit(from, { ...packet, parts }, to);
  };
  world.after(80_000, () => {
    const accuser = world.node('n3');
    const incarnation = accuser?.core.member('n7')?.incarnation ?? 0;
    accuser?.core.handleMessages([{ type: 'dead', incarnation, node: 'n7', from: 'n3' }], accuser.address);
  });
}

function quietSeed(t: Test): number {
  const kinds = (seed: number): Set<string> =>
    new Set(planChaos(seed, { nodes: 50, faultsMs: 60_000 }).faults.map((fault) => fault.kind));
  const loud = ['split', 'storm', 'cut', 'freeze', 'slow', 'crash', 'leave'];
  for (let seed = 1; seed < 10_000; seed++) if (!loud.some((kind) => kinds(seed).has(kind))) return seed;
  t.fail('no seed without grave faults');
  return 0;
}

test('a protocol in which the accused is not heard is caught', async (t) => {
  const { violations } = playChaos(quietSeed(t), { sabotage: muzzle, faultsMs: 130_000 });
  t.ok(violations.some(({ invariant, subject }) => invariant === 'no-false-death' && subject === 'n7'));
});

test('a failing seed is printed with its violation, its trace and the command that replays it', async (t) => {
  const impossible = 'chaos --nodes 12 --seconds 45 --death-ms 1';
  const { code, text } = await simulate(`${impossible} --seeds 4 --workers 2`);
  t.equal(code, 1);
  t.match(
    text,
    /death-known broken at [\d.]+ s at n\d+ about n\d+: believed alive, but it crashed 0.0 s ago/,
  );
  t.match(text, /4 seeds, \d passed, [1-4] failed, 0 min \d+ s\n$/);
  const story = /what came before the first:\n(.*?)\n {2}replay:/s.exec(text)?.[1] ?? '';
  t.notMatch(story, /BROKEN/, 'what came after is not what came before');
  t.match(story, /== n\d+ crashes/);
  t.match(text, /known everywhere after - .*; bound 0 s\)\n[1-9]\d* of them not known everywhere/);
  t.match(text, /datagrams, \d+ min \d+ s of virtual time\n/);
  const replay = /replay: npm run simulate -- (chaos --seed \d+ .*) --trace/.exec(text)?.[1] ?? '';
  t.match(replay, /--nodes 12 --seconds 45 --death-ms 1$/);
  const traced = await simulate(`${replay} --trace`);
  t.equal(traced.code, 1);
  const violation = /death-known broken .*/.exec(text)?.[0] ?? 'none';
  t.ok(traced.text.includes(violation), 'the replay breaks in the same way at the same time');
  t.match(traced.text, /== n\d+ crashes/);
});

test('the command line explains itself, and refuses what makes no sense', async (t) => {
  t.match(await simulate('--help'), { code: 0, text: /--seeds N/ });
  for (const [command, error] of [
    ['chaos --seeds none', /--seeds is "none", expected a whole number/],
    ['chaos --seeds 0', /--seeds is "0"/],
    ['chaos --colour red', /--colour/],
    ['scale --nodes 10,x', /--nodes is "x"/],
    ['scale --loss 101', /--loss is "101", expected a percentage/],
    ['dance', /there is no command "dance"/],
    ['constructor --json', /there is no command "constructor"/],
    ['chaos now', /unexpected argument "now"/],
    ['chaos --trace', /--trace needs --seed/],
    ['chaos --seed --trace', /--seed/],
    ['chaos --seed 3 --seeds 5', /--seed plays one seed, and --seeds is for many/],
    ['chaos --seed 3 --trace --json', /--trace .* no --json/],
    ['chaos --churn 3', /chaos has no option --churn/],
    ['scale --trace', /scale has no option --trace/],
  ] as const) {
    const refused = await simulate(command);
    t.match(refused, { code: 2, text: '', errors: error });
    t.match(refused.errors, /^[^\n]+\n$/, 'in one line');
  }
  const one = await simulate('chaos --nodes 5 --seconds 2 --seed 4 --json');
  t.equal(one.code, 0);
  t.match(JSON.parse(one.text), { seed: 4, violations: [] });
});

test('ends quietly when nobody reads on', async (t) => {
  const main = new URL('../cli/main.js', import.meta.url).pathname;
  const seed = ['chaos', '--seed', '1', '--nodes', '12', '--seconds', '20', '--trace'];
  const child = spawn(process.execPath, [main, ...seed]);
  const errors = text(child.stderr);
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
  t.equal(await errors, '');
});

test('a larger cluster with churn and loss holds all invariants, and its table says what it came to', async (t) => {
  const { code, text, errors } = await simulate('scale --nodes 60 --minutes 1 --churn 10 --json');
  t.equal(code, 0, text);
  t.match(errors, /^60 nodes: minute 1 of 1 after \d+ s\n$/);
  const row = JSON.parse(text);
  t.match(row, { nodes: 60, violations: [], falselyDead: 0, virtualMs: Number });
  t.ok(row.crashes > 0 && row.joins > 0);
  const [median = 0, , , most = 0] = row.last;
  t.ok(median > 0 && median <= most && most < 30_000, `all know after ${median} to ${most} ms`);
  t.ok(row.packetsPerSecond > 2 && row.bytesPerSecond > 50 && row.eventsPerSecond > 0);
  const table = await simulate('scale --nodes 5 --minutes 1 --churn 0');
  t.match(table, { code: 0, text: /NODES .* VIOLATIONS\n5 +0 +0 +0 / });
  t.match(table.text, /\n\n5 nodes: no node crashed .*raise --churn or --minutes\n/);
});
