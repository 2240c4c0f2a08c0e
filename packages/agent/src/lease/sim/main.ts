#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { playHistory } from './play.js';

const help = `npm run simulate -- lease [OPTIONS]

  made-up histories of a node's lease under virtual time: outages, reboots, clocks that are set, late timers, disks that
  are lost, full or restored from a snapshot, controllers that flap, lie about time, have no lease, grant other terms or
  come from a backup, moves to another cluster; judged by invariants
    --seeds N   how many to play (1000), from --from N (1)
    --seed N    one of them, with all that happens in it
    --json      results as JSON

Exit code: 0 all invariants held, 1 one was broken, 2 wrong arguments.
`;

/** Most failing seeds that are told in full. */
const mostTold = 10;

process.exitCode = run(process.argv.slice(2));

function run(args: string[]): number {
  let asked: ReturnType<typeof options>;
  try {
    asked = options(args);
  } catch (thrown) {
    process.stderr.write(
      `${thrown instanceof Error ? thrown.message : String(thrown)}; --help lists what there is\n`,
    );
    return 2;
  }
  if (asked.help) {
    process.stdout.write(help);
    return 0;
  }
  return asked.seed === undefined ? playMany(asked) : playOne(asked.seed, asked.json);
}

function options(args: string[]): {
  seed?: number;
  seeds: number;
  from: number;
  json: boolean;
  help: boolean;
} {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args,
    options: { seeds: text, from: text, seed: text, json: flag, help: flag },
  });
  const { json = false, help: isHelp = false } = values;
  const seed = values.seed === undefined ? {} : { seed: whole('seed', values.seed, 0) };
  return {
    ...seed,
    seeds: whole('seeds', values.seeds ?? '1000', 1),
    from: whole('from', values.from ?? '1', 0),
    json,
    help: isHelp,
  };
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new Error(`--${option} is "${text}", expected a whole number of ${least} or more`);
  return value;
}

function playOne(seed: number, isJson: boolean): number {
  const played = playHistory(seed, { trace: true });
  const { trace, violation } = played;
  if (isJson) process.stdout.write(`${JSON.stringify(played)}\n`);
  else process.stdout.write(`${[...trace, violation ?? 'all invariants held'].join('\n')}\n`);
  return violation === undefined ? 0 : 1;
}

function playMany({ seeds, from, json }: { seeds: number; from: number; json: boolean }): number {
  const began = performance.now();
  const total = { seeds, failed: [] as number[], degraded: 0, restored: 0, looks: 0 };
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violation, degraded, restored, looks } = playHistory(seed);
    total.degraded += degraded;
    total.restored += restored;
    total.looks += looks;
    if (violation === undefined) continue;
    total.failed.push(seed);
    if (total.failed.length <= mostTold)
      process.stderr.write(
        `seed ${seed}: ${violation}\n  replay: npm run simulate -- lease --seed ${seed}\n`,
      );
  }
  const seconds = (performance.now() - began) / 1000;
  if (json) process.stdout.write(`${JSON.stringify({ ...total, seconds })}\n`);
  else
    process.stdout.write(
      `${seeds} seeds, ${seeds - total.failed.length} passed, ${total.failed.length} failed: ${total.looks} looks at the clock, ` +
        `${total.degraded} times degraded, ${total.restored} times restored, in ${seconds.toFixed(1)} s\n`,
    );
  return total.failed.length === 0 ? 0 : 1;
}
