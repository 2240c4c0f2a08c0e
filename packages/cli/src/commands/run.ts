import type { Socket } from 'node:net';
import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';

interface RunFlags {
  readonly config?: string;
  readonly set: Readonly<Record<string, string>>;
}

/** Collects `--set key=value`, the way any key of the configuration is given as a flag. */
function setting(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new ShoalError('invalid_input', `--set ${text}: expected key=value, e.g. --set log.level=debug`);
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/**
 * Stops this process gracefully when its standard input ends. `shoal demo` holds the other end, so that nothing of a demo outlives it, however it ended.
 */
function endWithParent(): void {
  let stopping = false;
  const end = (): void => {
    // A second signal would cut a stop short that is under way.
    if (!stopping) process.kill(process.pid, 'SIGTERM');
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stopping = true;
    });
  }
  process.stdin.on('end', end);
  process.stdin.on('error', end);
  process.stdin.resume();
  // A pipe is a socket to Node; listening to it must not keep the process alive once everything else has stopped.
  (process.stdin as Partial<Socket>).unref?.();
}

function runOptions(flags: RunFlags): {
  configFile?: string;
  flags: Record<string, unknown>;
  env: NodeJS.ProcessEnv;
} {
  if (process.env['SHOAL_END_WITH_PARENT'] === '1') endWithParent();
  return {
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    flags: { ...flags.set },
    env: process.env,
  };
}

function addRunFlags(command: Command, file: string): Command {
  return command
    .option('-c, --config <file>', `configuration file (default: ${file} when it exists)`)
    .option('--set <key=value>', 'set any key of the configuration; may be repeated', setting, {});
}

/** `shoal controller run` and `shoal agent run`: the two long-running processes, each loaded only when it is run. */
export function addRunCommands(program: Command): void {
  const controller = program.command('controller').description('the process that manages the cluster');
  addRunFlags(controller.command('run'), '/etc/shoal/controller.yaml')
    .description('run the controller in the foreground')
    .action(async (flags: RunFlags) => {
      const { runController } = await import('@shoal/controller');
      await runController(runOptions(flags));
    });
  const agent = program.command('agent').description('the process on each host');
  addRunFlags(agent.command('run'), '/etc/shoal/agent.yaml')
    .description('run the agent in the foreground')
    .action(async (flags: RunFlags) => {
      const { runAgent } = await import('@shoal/agent');
      await runAgent(runOptions(flags));
    });
}
