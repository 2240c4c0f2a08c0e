import type { Command } from 'commander';
import { demoDirectory } from '../client/credentials.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { defaultNetwork } from '../demo/configuration.js';
import type { DemoFlags } from '../demo/demo.js';

/** `shoal demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'a cluster on this machine: a controller and three agents on 127.0.0.1-3, each with a real service; Ctrl-C ends it',
    )
    .option('--dir <directory>', 'where its state is kept; a second start finds it again', demoDirectory)
    .option('--reset', 'begin anew: remove the state of earlier demos first')
    .option('--service <kind>', 'nginx or gateway (default: nginx when it is installed)')
    .option('--network <prefix>', 'three numbers of the loopback network to use', defaultNetwork)
    .action(
      action(async (context: CommandContext, flags: DemoFlags) => {
        const { runDemo } = await import('../demo/demo.js');
        await runDemo(context, flags);
      }),
    );
}
