import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { knownByAllMs } from '../invariants/deaths.js';
import { formatViolation } from '../invariants/violation.js';
import { playScale, type ScaleResult } from '../scale/scale.js';
import { quantiles, secondsOf } from './figures.js';
import type { Output } from './output.js';

/** What `simulate scale` was asked for. */
export interface ScaleRequest {
  readonly sizes: readonly number[];
  readonly minutes: number;
  readonly seed: number;
  /** Shares, not percent. */
  readonly churn: number;
  readonly loss: number;
  readonly json: boolean;
}

/** One row of the table. Times in ms. */
interface Row {
  readonly nodes: number;
  readonly crashes: number;
  readonly leaves: number;
  readonly joins: number;
  readonly violations: readonly string[];
  readonly suspected: number;
  readonly falselyDead: number;
  /** Quantiles p50, p90, p99 and the greatest; empty if nobody crashed. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  readonly peakRssBytes: number;
}

const SHARES = [0.5, 0.9, 0.99, 1];

const MAX_VIOLATIONS = 20;

/** Plays all sizes, each in a process of its own so that its memory is its own; true if all invariants held. */
export async function scaleCommand(request: ScaleRequest, output: Output): Promise<boolean> {
  const { sizes } = request;
  const [only] = sizes;
  const rows: Row[] = [];
  if (sizes.length === 1 && only !== undefined) rows.push(playOne(only, request, output));
  else for (const nodes of sizes) rows.push(await playInProcess(nodes, request));
  if (request.json) output.result(`${JSON.stringify(sizes.length === 1 ? rows[0] : rows, null, 2)}\n`);
  else output.result(formatRows(rows, request));
  return rows.every((row) => row.violations.length === 0);
}

function playOne(nodes: number, request: ScaleRequest, output: Output): Row {
  const { minutes, seed, churn, loss } = request;
  const started = performance.now();
  const onMinute = (minute: number): void =>
    output.progress(
      `${nodes} nodes: minute ${minute} of ${minutes} after ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
  const result = playScale({ seed, nodes, minutes, churn, loss, onMinute });
  return rowOf(result, performance.now() - started);
}

async function playInProcess(nodes: number, request: ScaleRequest): Promise<Row> {
  const { minutes, seed, churn, loss } = request;
  const main = new URL('./main.js', import.meta.url).pathname;
  const flags = [
    '--nodes',
    nodes,
    '--minutes',
    minutes,
    '--seed',
    seed,
    '--churn',
    100 * churn,
    '--loss',
    100 * loss,
  ];
  const args = [...process.execArgv, main, 'scale', '--json', ...flags.map(String)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // It would play on for nobody.
  const end = (): void => void child.kill();
  process.once('exit', end);
  const printed = await text(child.stdout);
  process.off('exit', end);
  if (printed === '') throw new Error(`the simulation of ${nodes} nodes broke off`);
  return JSON.parse(printed) as Row;
}

function rowOf(result: ScaleResult, wallMs: number): Row {
  const { nodes, crashes, leaves, joins, violations, detections, mistakes } = result;
  const { packetsPerSecond, bytesPerSecond, virtualMs, events } = result;
  const told = violations.slice(0, MAX_VIOLATIONS).map(formatViolation);
  if (violations.length > MAX_VIOLATIONS) told.push(`and ${violations.length - MAX_VIOLATIONS} more`);
  return {
    ...{ nodes, crashes, leaves, joins, violations: told },
    ...{ suspected: mistakes.suspected, falselyDead: mistakes.dead },
    first: quantiles(
      detections.flatMap((detection) => detection.firstMs ?? []),
      SHARES,
    ),
    last: quantiles(
      detections.flatMap((detection) => knownByAllMs(detection) ?? []),
      SHARES,
    ),
    ...{ bytesPerSecond, packetsPerSecond, virtualMs, wallMs, eventsPerSecond: events / (wallMs / 1000) },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function formatRows(rows: readonly Row[], request: ScaleRequest): string {
  const head = [
    ...[
      'NODES',
      'CRASHED',
      'LEFT',
      'JOINED',
      'FIRST KNOWS, s',
      'ALL KNOW, s',
      'WRONGLY SUSPECTED',
      'WRONGLY DEAD',
    ],
    ...['B/s', 'PACKETS/s', 'WALL', 'EVENTS/s', 'PEAK RSS', 'VIOLATIONS'],
  ];
  const cells = rows.map((row) => [
    ...[row.nodes, row.crashes, row.leaves, row.joins].map(String),
    ...[secondsOf(row.first), secondsOf(row.last), String(row.suspected), String(row.falselyDead)],
    ...[
      row.bytesPerSecond.toFixed(0),
      row.packetsPerSecond.toFixed(1),
      `${(row.wallMs / 1000).toFixed(0)} s`,
    ],
    ...[row.eventsPerSecond.toFixed(0), `${(row.peakRssBytes / 2 ** 20).toFixed(0)} MiB`],
    String(row.violations.length),
  ]);
  const table = [head, ...cells];
  const widths = head.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  const lines = table.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const { minutes, churn, loss, seed } = request;
  return [
    `${minutes} min of virtual time, churn ${100 * churn} % a minute, loss ${100 * loss} %, seed ${seed}; times are p50 / p90 / p99 / max, traffic is what one node sends`,
    ...['', ...lines, ''],
    ...rows.flatMap((row) => quietLine(row, request)),
    ...rows.flatMap((row) => row.violations.map((violation) => `${row.nodes} nodes: ${violation}`)),
  ].join('\n');
}

/** Says so, and what to do, if no node crashed and there is nothing to tell of detection. */
function quietLine({ nodes, crashes }: Row, { minutes, churn }: ScaleRequest): string[] {
  if (crashes > 0) return [];
  const going = `${100 * churn} % of ${nodes} nodes a minute over ${minutes} min`;
  return [
    `${nodes} nodes: no node crashed (${going}), so no detection was measured; raise --churn or --minutes`,
    '',
  ];
}
