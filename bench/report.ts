import { cpus, release, totalmem } from 'node:os';

/** What a figure was measured on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
}

/** One measured figure. `ratio`: this figure to that of the peer named, from the same run; `peer`: the peer's own. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most that it is meant to be. */
  readonly aim?: number;
  readonly ratio?: { readonly to: string; readonly value: number; readonly peer?: number };
}

/** What a benchmark gives back. */
export interface Report {
  readonly benchmark: string;
  readonly date: string;
  readonly machine: Machine;
  /** Versions of Shoal and of the peers. */
  readonly versions: Readonly<Record<string, string>>;
  /** How it was measured: durations, counts. */
  readonly setup: Readonly<Record<string, string | number>>;
  readonly figures: readonly Figure[];
}

/** The machine that this process runs on. */
export function machine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
  };
}

/** What could not be measured, and the ratio of two zeros, are no numbers. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function amount(value: number, unit: string): string {
  return unit === '' ? number(value) : `${number(value)} ${unit}`;
}

function aimOf({ value, unit, aim }: Figure): string {
  return aim === undefined ? '-' : `${amount(aim, unit)} (${value <= aim ? 'met' : 'missed'})`;
}

function ratioOf({ unit, ratio }: Figure): string {
  if (ratio === undefined) return '-';
  const peer = ratio.peer === undefined ? '' : ` (${amount(ratio.peer, unit)})`;
  return `${number(ratio.value)} x ${ratio.to}${peer}`;
}

/** A report as a table for people. */
export function formatReport(report: Report): string {
  const rows = [
    ['FIGURE', 'VALUE', 'RATIO', 'AIM'],
    ...report.figures.map((f) => [f.name, amount(f.value, f.unit), ratioOf(f), aimOf(f)]),
  ];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const table = rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
  const facts = [
    `${report.benchmark}, ${report.date}`,
    `${report.machine.processor}, ${report.machine.cores} cores, Linux ${report.machine.kernel}, Node ${report.machine.node}`,
    Object.entries({ ...report.versions, ...report.setup })
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
  ];
  return `${facts.join('\n')}\n\n${table}\n`;
}
