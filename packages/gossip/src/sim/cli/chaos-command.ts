import { availableParallelism } from 'node:os';
import { CHAOS_SIZE, playChaos } from '../chaos/chaos.js';
import type { ChaosSize } from '../chaos/plan.js';
import { formatViolation } from '../invariants/violation.js';
import { playSeeds } from './chaos-pool.js';
import type { Output } from './output.js';
import { playSeed, type SeedReport } from './seed-report.js';

/** What `simulate chaos` was asked for. */
export interface ChaosRequest {
  /** One seed, or else a range of them. */
  readonly seed: number | undefined;
  readonly from: number;
  readonly seeds: number;
  readonly workers: number | undefined;
  readonly nodes: number;
  readonly seconds: number;
  readonly deathMs: number | undefined;
  readonly trace: boolean;
  readonly json: boolean;
}

/** Sums over all seeds played. */
interface Totals {
  passed: number;
  failedSeeds: number[];
  faults: number;
  packets: number;
  virtualMs: number;
  deaths: number;
  slowestDeathMs: number;
  slowestConvergenceMs: number;
}

const PROGRESS_MS = 5000;

const minutes = (ms: number): string =>
  `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;

/** The command that plays a seed again. */
function replayCommand(seed: number, request: ChaosRequest): string {
  const flags = [`--seed ${seed}`];
  if (request.nodes !== CHAOS_SIZE.nodes) flags.push(`--nodes ${request.nodes}`);
  if (request.seconds * 1000 !== CHAOS_SIZE.faultsMs) flags.push(`--seconds ${request.seconds}`);
  if (request.deathMs !== undefined) flags.push(`--death-ms ${request.deathMs}`);
  return `npm run simulate -- chaos ${flags.join(' ')} --trace`;
}

/** Plays what was asked for; true if all invariants held. */
export async function chaosCommand(request: ChaosRequest, output: Output): Promise<boolean> {
  const size: ChaosSize = { nodes: request.nodes, faultsMs: request.seconds * 1000 };
  if (request.seed === undefined) return playMany(request, size, output);
  if (request.trace) return playTraced(request.seed, request, size, output);
  const report = playSeed(request.seed, size, request.deathMs);
  if (request.json) output.result(`${JSON.stringify(report, null, 2)}\n`);
  else output.result(report.violated === 0 ? `${passedLine(report)}\n` : describeFailure(report, request));
  return report.violated === 0;
}

function playTraced(seed: number, request: ChaosRequest, size: ChaosSize, output: Output): boolean {
  const bounds = request.deathMs === undefined ? {} : { bounds: { deathMs: request.deathMs } };
  const { trace, violations, fingerprint } = playChaos(seed, { ...size, ...bounds });
  output.result(`${trace.lines().join('\n')}\n`);
  for (const violation of violations) output.result(`${formatViolation(violation)}\n`);
  output.result(`seed ${seed}: ${violations.length} violations, fingerprint ${fingerprint}\n`);
  return violations.length === 0;
}

async function playMany(request: ChaosRequest, size: ChaosSize, output: Output): Promise<boolean> {
  const started = performance.now();
  const totals = noTotals();
  let told = started;
  const onReport = (report: SeedReport): void => {
    add(totals, report);
    if (report.violated > 0 && !request.json) output.result(describeFailure(report, request));
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    output.progress(`${totals.passed + totals.failedSeeds.length} of ${request.seeds} seeds played`);
  };
  const { from, seeds, deathMs } = request;
  const workers = request.workers ?? availableParallelism();
  await playSeeds({ from, seeds, workers, size, deathMs, onReport });
  const wallMs = performance.now() - started;
  if (request.json) output.result(`${JSON.stringify({ ...totals, wallMs }, null, 2)}\n`);
  else output.result(describeTotals(totals, request, wallMs));
  return totals.failedSeeds.length === 0;
}

function noTotals(): Totals {
  const sums = { passed: 0, faults: 0, packets: 0, virtualMs: 0, deaths: 0 };
  return { ...sums, failedSeeds: [], slowestDeathMs: 0, slowestConvergenceMs: 0 };
}

function add(totals: Totals, report: SeedReport): void {
  if (report.violated === 0) totals.passed++;
  else totals.failedSeeds.push(report.seed);
  totals.faults += report.faults;
  totals.packets += report.packets;
  totals.virtualMs += report.virtualMs;
  totals.deaths += report.deaths;
  totals.slowestDeathMs = Math.max(totals.slowestDeathMs, report.slowestDeathMs);
  totals.slowestConvergenceMs = Math.max(totals.slowestConvergenceMs, report.convergedMs);
}

function passedLine(report: SeedReport): string {
  const { seed, faults, packets, convergedMs, virtualMs, fingerprint } = report;
  return `seed ${seed}: all invariants held over ${minutes(virtualMs)} with ${faults} faults and ${packets} datagrams, converged after ${convergedMs / 1000} s, fingerprint ${fingerprint}`;
}

function describeFailure(report: SeedReport, request: ChaosRequest): string {
  const more = report.violated - report.violations.length;
  const lines = [
    `seed ${report.seed}: ${report.violated} violations`,
    ...report.violations.map((violation) => `  ${violation}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    '  what came before the first:',
    ...report.trace.map((line) => `  ${line}`),
    `  replay: ${replayCommand(report.seed, request)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function describeTotals(totals: Totals, request: ChaosRequest, wallMs: number): string {
  const { passed, failedSeeds, faults, packets, virtualMs, deaths } = totals;
  const failed = failedSeeds.sort((a, b) => a - b);
  const lines = [
    `${request.nodes} nodes, ${request.seconds} s of faults: ${faults} faults, ${packets} datagrams, ${(virtualMs / 3_600_000).toFixed(1)} h of virtual time`,
    `${deaths} crashes followed, the slowest known everywhere after ${(totals.slowestDeathMs / 1000).toFixed(1)} s; slowest convergence ${(totals.slowestConvergenceMs / 1000).toFixed(1)} s`,
    ...(failed.length > 0 ? [`failed seeds: ${failed.join(' ')}`] : []),
    `${passed + failed.length} seeds, ${passed} passed, ${failed.length} failed, ${minutes(wallMs)}`,
  ];
  return `${lines.join('\n')}\n`;
}
