import type { SecretView } from '@shoal/common';
import { validateSecretName, validateSecretValue } from '@shoal/common';
import type { Command } from 'commander';
import { action } from '../context.js';
import { readSecret } from '../output/read-secret.js';
import { formatTable } from '../output/table.js';
import { ago } from '../output/text.js';

function usersOf({ usedBy }: SecretView): string {
  return usedBy.map(({ service, nodes }) => `${service} (${nodes.join(', ')})`).join(', ');
}

function secretTable(secrets: readonly SecretView[]): string {
  return formatTable(secrets, [
    { heading: 'NAME', cell: (s) => s.name },
    { heading: 'VERSION', cell: (s) => (s.isPending ? `${s.version} (not applied)` : s.version) },
    { heading: 'SET', cell: (s) => ago(s.createdAt) },
    { heading: 'BY', cell: (s) => s.createdBy },
    { heading: 'USED BY', cell: usersOf },
  ]);
}

/** What brings a new value to the nodes. */
const applyAgain = 'shoal revision show | shoal apply -';

/** `shoal secret set|ls|rm`. */
export function addSecretCommands(program: Command): void {
  const secret = program
    .command('secret')
    .description('values that specs refer to by { secret: NAME }; no command shows one');
  secret
    .command('set <name>')
    .description(
      'give a secret a value, or a new one: from standard input, a file, or typed without being shown',
    )
    .option('--file <file>', 'the value, as it stands in this file')
    .action(
      action(async (context, name: string, flags: { file?: string }) => {
        validateSecretName(name);
        const value = await readSecret(name, flags.file);
        validateSecretValue(name, value);
        const set = await context.withClient((client) => client.call('secret.set', { name, value }));
        context.show(set, (s) => `secret ${s.name} set, version ${s.version}\n`);
        if (!context.json && set.isPending) {
          context.note(`${usersOf(set)} still has the value before. To bring it the new one: ${applyAgain}`);
        }
      }),
    );
  secret
    .command('ls')
    .description('list secrets: versions, who set them, who uses them')
    .action(
      action(async (context) => {
        const answer = await context.withClient((client) => client.call('secret.list', {}));
        context.show(answer.secrets, secretTable);
      }),
    );
  secret
    .command('rm <name>')
    .description('remove a secret with all its values; refused while the newest revision uses it')
    .option('--force', 'also when the newest revision uses it: nodes that have it go on, no other can get it')
    .action(
      action(async (context, name: string, flags: { force?: boolean }) => {
        const input = { name, force: flags.force === true };
        const removed = await context.withClient((client) => client.call('secret.remove', input));
        context.show(removed, (r) => `removed ${r.name}\n`);
        if (!context.json && removed.revisions.length > 0) {
          const [one] = removed.revisions;
          const many = `Revisions ${removed.revisions.join(', ')} need it: they`;
          context.note(
            `${removed.revisions.length === 1 ? `Revision ${one} needs it: it` : many} can't be gone back to any more.`,
          );
        }
      }),
    );
}
