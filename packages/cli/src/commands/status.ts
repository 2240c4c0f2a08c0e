import type { AgentStatus } from '@shoal/agent';
import type { StatusView } from '@shoal/common';
import type { Command } from 'commander';
import { askAgent } from '../client/agent-socket.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { licenseLine } from '../output/license.js';
import { localStatusText } from '../output/local-status.js';
import type { Palette } from '../output/text.js';
import { lasting, printable } from '../output/text.js';
import { paintStatus } from './node.js';

/** Most drained nodes that have a line. */
const shownDrained = 8;

function statusText(s: StatusView, paint: Palette): string {
  const nodes = Object.entries(s.nodes).filter(([, count]) => count > 0);
  const lines = [
    `cluster     ${paint.bold(s.clusterName)} (${s.clusterId})`,
    `license     ${licenseLine(s.license, paint)}`,
    `controller  ${s.version}, up ${lasting(s.startedAt)}`,
    `revision    running ${s.revision.running || '-'}, latest ${s.revision.latest || '-'}`,
    `nodes       ${nodes.length === 0 ? 'none yet (shoal token create)' : nodes.map(([word, count]) => `${count} ${paintStatus(word, paint)}`).join(', ')}`,
  ];
  const leases = Object.entries(s.leases).filter(([, count]) => count > 0);
  if (leases.length > 0)
    lines.push(
      `leases      ${leases.map(([state, count]) => `${count} ${paintStatus(state, paint)}`).join(', ')}`,
    );
  for (const { node, services, by, at } of s.drained.slice(0, shownDrained)) {
    const what = services.includes('*') ? 'all services' : services.map(printable).join(', ');
    const who = `${by === null ? '' : `, by ${printable(by)}`}${at === null ? '' : `, ${lasting(at)}`}`;
    lines.push(`drained     ${node} (${what})${who}`);
  }
  if (s.drained.length > shownDrained) lines.push(`            and ${s.drained.length - shownDrained} more`);
  if (s.rollout !== null) {
    const done = s.rollout.nodes.filter((n) => n.status === 'succeeded').length;
    lines.push(
      `rollout     revision ${s.rollout.revision}: ${s.rollout.status}, ${done} of ${s.rollout.nodes.length} nodes done`,
    );
    if (s.rollout.message !== '') lines.push(`            ${printable(s.rollout.message)}`);
  }
  const critical = s.license.warnings.filter(({ severity }) => severity === 'critical');
  for (const warning of s.warnings) {
    const isCritical = critical.some(({ message }) => message === warning);
    lines.push(`${isCritical ? paint.bad('problem') : paint.warn('warning')}     ${printable(warning)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `shoal status`. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('the cluster at a glance; --local: the agent on this host, without the controller')
    .option('--local [dir]', 'ask the agent on this host, by its data directory or socket')
    .action(
      action(async (context: CommandContext, flags: { local?: string | true }) => {
        if (flags.local !== undefined) {
          const local = await askAgent<AgentStatus>(flags.local, '/status');
          context.show(local, (value) => localStatusText(value, context.paint));
          return;
        }
        const status = await context.withClient((client) => client.call('status.get', {}));
        context.show(status, (s) => statusText(s, context.paint));
      }),
    );
}
