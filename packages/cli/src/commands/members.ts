import type { MemberView } from '@shoal/common';
import type { Command } from 'commander';
import { askAgent } from '../client/agent-socket.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { formatTable } from '../output/table.js';
import type { Palette } from '../output/text.js';
import { ago, printable } from '../output/text.js';
import { paintStatus } from './node.js';

function memberTable(members: readonly MemberView[], paint: Palette): string {
  const sorted = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  return formatTable(sorted, [
    { heading: 'MEMBER', cell: (m) => printable(m.name) },
    { heading: 'STATE', cell: (m) => paintStatus(m.state, paint) },
    { heading: 'ADDRESS', cell: (m) => m.address },
    { heading: 'SINCE', cell: (m) => ago(m.since) },
    {
      heading: 'TAGS',
      cell: (m) =>
        printable(
          Object.entries(m.tags)
            .map(([k, v]) => `${k}=${v}`)
            .join(','),
        ),
    },
  ]);
}

/** `shoal members`: who is in the gossip, as the gossip itself sees it. */
export function addMembersCommand(program: Command): void {
  program
    .command('members')
    .description(
      "the gossip's own view: the controller's, a node's (--node), or this host's agent's (--local)",
    )
    .option('--node <name>', 'ask that node over its link')
    .option(
      '--local [dir]',
      'ask the agent on this host, by its data directory or socket; works without the controller',
    )
    .action(
      action(async (context: CommandContext, flags: { node?: string; local?: string | true }) => {
        const answer =
          flags.local === undefined
            ? await context.withClient((client) =>
                client.call('member.list', flags.node === undefined ? {} : { node: flags.node }),
              )
            : await askAgent<{ members: readonly MemberView[] }>(flags.local, '/members');
        context.show(answer.members, (members) => memberTable(members, context.paint));
      }),
    );
}
