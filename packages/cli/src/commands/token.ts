import type { TokenView } from '@shoal/common';
import type { Command } from 'commander';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { formatTable } from '../output/table.js';
import { ago, localTime } from '../output/text.js';

function tokenTable(tokens: readonly TokenView[]): string {
  return formatTable(tokens, [
    { heading: 'ID', cell: (t) => t.id },
    { heading: 'STATE', cell: (t) => t.state },
    { heading: 'USES LEFT', cell: (t) => `${t.usesLeft}/${t.uses}`, right: true },
    { heading: 'EXPIRES', cell: (t) => localTime(t.expiresAt) },
    { heading: 'CREATED', cell: (t) => ago(t.createdAt) },
    { heading: 'BY', cell: (t) => t.createdBy },
  ]);
}

/** `shoal token create|ls|revoke`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('join tokens: what a new host needs to become a node');
  token
    .command('create')
    .description('make a join token and print it (it is shown only this once)')
    .option('--ttl <duration>', 'how long it can be used, e.g. 30m, 24h', '1h')
    .option('--uses <count>', 'how many hosts may join by it (1 to 1000)', positiveInteger, 1)
    .action(
      action(async (context, flags: { ttl: string; uses: number }) => {
        const made = await context.withClient((client) => client.call('token.create', flags));
        context.show(made, (t) => `${t.token}\n`);
        if (!context.json) {
          context.note(
            `Good for ${made.uses === 1 ? 'one host' : `${made.uses} hosts`} until ${localTime(made.expiresAt)}. ` +
              'Put it into agent.yaml on the host: cluster: { controller: HOST:9898, token: ... }',
          );
        }
      }),
    );
  token
    .command('ls')
    .description('list join tokens')
    .action(
      action(async (context) => {
        const answer = await context.withClient((client) => client.call('token.list', {}));
        context.show(answer.tokens, tokenTable);
      }),
    );
  token
    .command('revoke <id>')
    .description('make a join token useless; nodes that joined by it stay')
    .action(
      action(async (context, id: string) => {
        const revoked = await context.withClient((client) => client.call('token.revoke', { id }));
        context.show(revoked, (t) => `revoked ${t.id}\n`);
      }),
    );
}
