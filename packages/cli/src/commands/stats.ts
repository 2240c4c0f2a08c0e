import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { formatTable } from '../output/table.js';
import { ago, bytes } from '../output/text.js';

interface Latest {
  readonly node: string;
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

const percent = (value: number | undefined): string =>
  value === undefined ? '-' : `${(value * 100).toFixed(1)}%`;
const size = (value: number | undefined): string => (value === undefined ? '-' : bytes(Math.round(value)));
const rate = (value: number | undefined): string =>
  value === undefined ? '-' : `${bytes(Math.round(value))}/s`;

function statsTable(nodes: readonly Latest[]): string {
  return formatTable(nodes, [
    { heading: 'NODE', cell: (n) => n.node },
    { heading: 'CPU', cell: (n) => percent(n.values['cpu.used']), right: true },
    { heading: 'LOAD', cell: (n) => n.values['load.1m']?.toFixed(2) ?? '-', right: true },
    { heading: 'MEMORY', cell: (n) => size(n.values['memory.used_bytes']), right: true },
    { heading: 'DISK /', cell: (n) => size(n.values['disk./.used_bytes']), right: true },
    { heading: 'RECEIVED', cell: (n) => rate(n.values['net.rx_bytes_per_s']), right: true },
    { heading: 'SENT', cell: (n) => rate(n.values['net.tx_bytes_per_s']), right: true },
    { heading: 'SAMPLED', cell: (n) => ago(n.at) },
  ]);
}

function allValues(nodes: readonly Latest[]): string {
  const rows = nodes.flatMap((n) =>
    Object.entries(n.values).map(([metric, value]) => ({ node: n.node, metric, value })),
  );
  return formatTable(rows, [
    { heading: 'NODE', cell: (r) => r.node },
    { heading: 'METRIC', cell: (r) => r.metric },
    { heading: 'VALUE', cell: (r) => String(Number(r.value.toFixed(4))), right: true },
  ]);
}

/** `shoal stats`. */
export function addStatsCommand(program: Command): void {
  program
    .command('stats')
    .description('the newest sample of each node: processor, memory, disk, network')
    .option('--node <name>', 'only that node, with every metric')
    .action(
      action(async (context: CommandContext, flags: { node?: string }) => {
        const input = flags.node === undefined ? {} : { node: flags.node };
        const answer = await context.withClient((client) => client.call('stat.latest', input));
        context.show(answer.nodes, flags.node === undefined ? statsTable : allValues);
      }),
    );
}
