import type { Command } from 'commander';
import { addRunFlags, type RunFlags, runOptions } from './run-flags.js';

/** `shoal controller run`: loads the controller only when it is run. */
export function addControllerCommand(program: Command): void {
  const controller = program.command('controller').description('the process that manages the cluster');
  addRunFlags(controller.command('run'), '/etc/shoal/controller.yaml')
    .description('run the controller in the foreground')
    .action(async (flags: RunFlags) => {
      const { runController } = await import('@shoal/controller');
      await runController(runOptions(flags));
    });
}
