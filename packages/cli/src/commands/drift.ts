import { type DriftView, errorStatus } from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { diffText } from '../output/changes.js';
import type { Palette } from '../output/text.js';
import { ago, localTime, printable } from '../output/text.js';

/** A repair may install packages; the controller waits for ten minutes. */
const repairTimeoutMs = 620_000;

type NodeDrift = DriftView & { readonly node: string };

/** What is done about a drift, in a few words. */
export function driftState({ node, service, state, retryAt }: NodeDrift): string {
  switch (state) {
    case 'left':
      return `left as it is; to put it back: shoal drift repair ${node} ${service}`;
    case 'repairing':
      return 'being repaired';
    case 'failed':
      return retryAt === null ? 'its repair failed' : `its repair failed; again at ${localTime(retryAt)}`;
    case 'flapping':
      return `flapping, so it is left; to put it back: shoal drift repair ${node} ${service}`;
  }
}

function driftText(drift: NodeDrift, paint: Palette): string {
  const head = `${paint.bold(drift.node)} ${paint.warn(`${drift.service}/${drift.step}`)}, seen ${ago(drift.since)}: ${driftState(drift)}\n`;
  const detail = drift.detail === '' ? '' : `  ${paint.bad(printable(drift.detail))}\n`;
  const difference = diffText(drift.difference.trimEnd(), paint).replace(/^/gm, '  ');
  return `${head}${detail}${difference}\n`;
}

function driftsText(drifts: readonly NodeDrift[], paint: Palette): string {
  if (drifts.length === 0) return 'Nothing drifted.\n';
  const note = 'Differences lead from what is on the host (-) to what it shall be (+).\n';
  return [...drifts.map((drift) => driftText(drift, paint)), note].join('\n');
}

/** With `--check` drift ends the command as a step that failed would: for cron. */
async function list(
  context: CommandContext,
  node: string | undefined,
  { check = false }: { readonly check?: boolean },
): Promise<void> {
  const { drifts } = await context.withClient((client) =>
    client.call('drift.list', node === undefined ? {} : { node }),
  );
  context.show(drifts, (all) => driftsText(all, context.paint));
  if (check && drifts.length > 0) process.exitCode = errorStatus.step_failed.exit;
}

async function repair(context: CommandContext, node: string, service: string | undefined): Promise<void> {
  const input = { node, ...(service === undefined ? {} : { service }) };
  const done = await context.withClient((client) => client.call('drift.repair', input), {
    timeoutMs: repairTimeoutMs,
  });
  context.show(done, ({ repaired }) =>
    repaired.length === 0
      ? `${node}: nothing drifted\n`
      : repaired.map((r) => `${node}: ${r.service}/${r.step} repaired\n`).join(''),
  );
}

/** `shoal drift` and `shoal drift repair`. */
export function addDriftCommand(program: Command): void {
  const drift = program
    .command('drift')
    .argument('[node]', 'only of this node')
    .option('--check', 'exit with 7 when anything drifted')
    .description('what no longer holds of what nodes run, with its differences and what is done about it')
    .action(action(list));
  drift
    .command('repair <node> [service]')
    .description(
      'put back once what drifted on a node, whatever the policy says; exits 7 when that fails, and then it was undone',
    )
    .action(action(repair));
}
