import type { Socket } from 'node:net';
import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';

/** What `run` commands are given. */
export interface RunFlags {
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

/** Flags and environment as the long-running processes take them. Under `shoal demo` the process ends with its parent. */
export function runOptions(flags: RunFlags): {
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

/** Adds the flags that both `run` commands have; `file` is the default configuration. */
export function addRunFlags(command: Command, file: string): Command {
  return command
    .option('-c, --config <file>', `configuration file (default: ${file} when it exists)`)
    .option('--set <key=value>', 'set any key of the configuration; may be repeated', setting, {});
}
