import type { NodeView } from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { failureLines } from '../output/failure.js';
import { leaseText } from '../output/license.js';
import { formatTable } from '../output/table.js';
import type { Palette } from '../output/text.js';
import { ago, localTime, printable, shortHash } from '../output/text.js';
import { addDrainCommands } from './drain.js';
import { driftState } from './drift.js';

/** A node's status word in the color of its meaning. */
export function paintStatus(status: string, paint: Palette): string {
  if (status === 'ok' || status === 'alive' || status === 'active') return paint.good(status);
  if (['failed', 'down', 'dead', 'degraded'].includes(status)) return paint.bad(status);
  return paint.warn(status);
}

function drainMark({ draining }: NodeView, service: string): string {
  return draining.includes(service) ? ',draining' : '';
}

function nodeTable(nodes: readonly NodeView[], paint: Palette): string {
  return formatTable(nodes, [
    { heading: 'NODE', cell: (n) => n.name },
    { heading: 'STATUS', cell: (n) => paintStatus(n.status, paint) },
    { heading: 'SITE', cell: (n) => n.site },
    { heading: 'ADDRESS', cell: (n) => n.address || '-' },
    {
      heading: 'REVISION',
      cell: (n) => (n.running === null ? '-' : String(n.running.revision)),
      right: true,
    },
    { heading: 'DESIRED', cell: (n) => shortHash(n.desired?.hash) },
    { heading: 'FAILED', cell: (n) => shortHash(n.failed?.hash) },
    { heading: 'RUNNING', cell: (n) => shortHash(n.running?.hash) },
    {
      heading: 'SERVICES',
      cell: (n) =>
        n.services
          .map((s) => `${s.service}:${n.connected ? '' : 'was '}${s.health}${drainMark(n, s.service)}`)
          .join(' ') || '-',
    },
    { heading: 'DRIFT', cell: (n) => (n.drifts.length === 0 ? '-' : String(n.drifts.length)), right: true },
    { heading: 'LEASE', cell: (n) => leaseText(n.lease, paint) },
    { heading: 'SEEN', cell: (n) => (n.connected ? 'now' : ago(n.lastSeenAt)) },
  ]);
}

function gossipKeyText({ gossipKeys }: NodeView): string {
  if (gossipKeys === null) return '-';
  const others = gossipKeys.held.filter((key) => key !== gossipKeys.primary);
  return others.length === 0 ? gossipKeys.primary : `${gossipKeys.primary} (also holds ${others.join(', ')})`;
}

/** What is drained, and what an operator asked for that the node doesn't do yet. */
function drainText({ draining, drainAsked, connected }: NodeView): string {
  const asked = drainAsked.includes('*') ? 'all services' : drainAsked.join(', ');
  const does = `${connected ? '' : 'was '}${draining.join(', ')}`;
  if (asked === '') return draining.length === 0 ? '-' : does;
  return `${draining.length === 0 ? 'nothing yet' : does} (an operator asked for ${asked})`;
}

function nodeDetail(n: NodeView, paint: Palette): string {
  const hash = (h: { hash: string; revision: number } | null): string =>
    h === null ? '-' : `${shortHash(h.hash)} (revision ${h.revision})`;
  const lines = [
    ['node', paint.bold(n.name)],
    [
      'status',
      `${paintStatus(n.status, paint)} (link ${n.connected ? 'up' : 'down'}, gossip ${n.member ?? 'unknown'})`,
    ],
    ['site', n.site],
    ['address', n.address || '-'],
    ['agent', n.agentVersion || '-'],
    ['enrolled', localTime(n.enrolledAt)],
    ['certificate until', localTime(n.certificateExpiresAt)],
    ['last seen', n.connected ? 'now' : ago(n.lastSeenAt)],
    ['lease', leaseText(n.lease, paint)],
    ['gossip key', gossipKeyText(n)],
    ['draining', drainText(n)],
    ['desired', hash(n.desired)],
    ['failed', hash(n.failed)],
    ['running', hash(n.running)],
    ...n.services.map((s) => [
      `service ${s.service}`,
      `${n.connected ? '' : 'was '}${s.process}, ${s.health}${s.detail === '' ? '' : ` (${printable(s.detail)})`}, started ${ago(s.startedAt)}, restarts ${s.restarts}`,
    ]),
    ...n.drifts.map((d) => [
      `drift ${d.service}/${d.step}`,
      `${ago(d.since)}, ${driftState({ node: n.name, ...d })}`,
    ]),
    ...Object.entries(n.facts).map(([k, v]) => [k, printable(v)]),
  ];
  const widest = Math.max(...lines.map(([k]) => (k ?? '').length));
  const body = lines.map(([k, v]) => `${(k ?? '').padEnd(widest)}  ${v}\n`).join('');
  return n.failed === null ? body : `${body}\n${failureLines(n.name, n.failed.failure, paint)}`;
}

/** `shoal node ls|show|drain|undrain|rm`. */
export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('the nodes of the cluster and what they run');
  node
    .command('ls')
    .description('list nodes with their three hashes: desired, attempted and failed, running')
    .action(
      action(async (context: CommandContext) => {
        const answer = await context.withClient((client) => client.call('node.list', {}));
        context.show(answer.nodes, (nodes) => nodeTable(nodes, context.paint));
      }),
    );
  node
    .command('show <name>')
    .description('everything known of one node')
    .action(
      action(async (context: CommandContext, name: string) => {
        const view = await context.withClient((client) => client.call('node.get', { name }));
        context.show(view, (n) => nodeDetail(n, context.paint));
      }),
    );
  addDrainCommands(node);
  node
    .command('rm <name>')
    .description(
      'take a node out of the cluster; its certificate is refused from now on, the gossip key that it knows is replaced, its services are left running',
    )
    .option('--keep-gossip-key', 'begin no rotation of the gossip key')
    .action(
      action(async (context: CommandContext, name: string, flags: { keepGossipKey?: boolean }) => {
        const keepGossipKey = flags.keepGossipKey === true;
        const removed = await context.withClient((client) =>
          client.call('node.remove', { name, keepGossipKey }),
        );
        context.show(removed, (r) => `removed ${r.name}\n`);
        if (removed.gossipKey === 'rotating' && !context.json)
          context.note(`${name} knows the gossip key: it is being replaced. See: shoal gossip-key ls`);
      }),
    );
}
