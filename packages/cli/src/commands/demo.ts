import type { Command } from 'commander';
import { demoDirectory } from '../client/credentials.js';
import type { CommandContext } from '../context.js';
import { action, contextOf } from '../context.js';
import { defaultNetwork } from '../demo/configuration.js';
import type { DemoFlags } from '../demo/demo.js';

/** `shoal demo`. */
export function addDemoCommand(program: Command): void {
  const demo = program
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
  demo
    .command('stop <name>')
    .description(
      'stop its controller or one of its agents (node-1 to node-3) alone, to see what the others do',
    )
    .action(async (name: string, _flags: object, command: Command) => {
      const { stopDemoProcess } = await import('../demo/stop.js');
      await stopDemoProcess(contextOf(command), name, command.optsWithGlobals<DemoFlags>().dir);
    });
}
