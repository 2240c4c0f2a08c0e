import { availableParallelism } from 'node:os';
import { CHAOS_SIZE, playChaos } from '../chaos/chaos.js';
import type { ChaosSize } from '../chaos/plan.js';
import { formatViolation } from '../invariants/violation.js';
import { playSeeds } from './chaos-pool.js';
import { Totals } from './chaos-totals.js';
import { duration } from './figures.js';
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

const PROGRESS_MS = 5000;

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
  const totals = new Totals();
  let told = started;
  const onReport = (report: SeedReport): void => {
    totals.add(report);
    if (report.violated > 0 && !request.json) output.result(describeFailure(report, request));
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    output.progress(`${totals.seeds} of ${request.seeds} seeds played`);
  };
  const { from, seeds, deathMs } = request;
  const workers = request.workers ?? availableParallelism();
  await playSeeds({ from, seeds, workers, size, deathMs, onReport });
  const wallMs = performance.now() - started;
  if (request.json) output.result(`${JSON.stringify({ ...totals.toJSON(), wallMs }, null, 2)}\n`);
  else output.result(totals.describe(request, wallMs));
  return totals.failed === 0;
}

function passedLine(report: SeedReport): string {
  const { seed, faults, packets, convergedMs, virtualMs, fingerprint } = report;
  return `seed ${seed}: all invariants held over ${duration(virtualMs)} with ${faults} faults and ${packets} datagrams, converged after ${convergedMs / 1000} s, fingerprint ${fingerprint}`;
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
