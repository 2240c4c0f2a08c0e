import { version } from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';

/** `shoal version`. */
export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('the version of this command and of the Node that runs it')
    .action(
      action(async (context: CommandContext) => {
        context.show(
          { shoal: version, node: process.versions.node },
          (v) => `shoal ${v.shoal} (node ${v.node})\n`,
        );
      }),
    );
}
