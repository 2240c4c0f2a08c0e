import type { Command } from 'commander';
import { addRunFlags, type RunFlags, runOptions } from './run-flags.js';

/** `shoal agent run`: loads the agent only when it is run. */
export function addAgentCommand(program: Command): void {
  const agent = program.command('agent').description('the process on each host');
  addRunFlags(agent.command('run'), '/etc/shoal/agent.yaml')
    .description('run the agent in the foreground')
    .action(async (flags: RunFlags) => {
      const { runAgent } = await import('@shoal/agent');
      await runAgent(runOptions(flags));
    });
}
