import type { Command } from 'commander';
import type { ControllerClient } from './client/client.js';
import { connect } from './client/client.js';
import { findCredentials } from './client/credentials.js';
import type { Palette } from './output/text.js';
import { palette } from './output/text.js';

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly credentials?: string;
  readonly json?: boolean;
}

/** What a command works with: where to print, in which form, and the controller. */
export interface CommandContext {
  readonly json: boolean;
  readonly paint: Palette;
  print(text: string): void;
  /** Progress and remarks, to standard error: never mixed into output that a program reads. */
  note(text: string): void;
  /** Text as it is, to standard error: what happens on the way to the output. With `--json` nothing. */
  progress(text: (paint: Palette) => string): void;
  /** One JSON document with `--json`, else what `table` makes of it. */
  show<T>(value: T, table: (value: T) => string): void;
  /** One JSON document per line with `--json` (streams), else what `line` makes of it. */
  showLine<T>(value: T, line: (value: T) => string): void;
  /** Runs `use` with a client that is closed afterwards. */
  withClient<T>(use: (client: ControllerClient) => Promise<T>, options?: { timeoutMs?: number }): Promise<T>;
  /** Aborted by Ctrl-C (or SIGTERM, SIGHUP), so that a stream ends without an error. */
  readonly interrupted: AbortSignal;
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** The context of one command's run, from its flags. */
export function contextOf(command: Command): CommandContext {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const json = flags.json === true;
  const print = (text: string): void => {
    process.stdout.write(text);
  };
  const errorPaint = palette(process.stderr);
  let signal: AbortSignal | undefined;
  return {
    json,
    paint: palette(process.stdout),
    print,
    note: (text) => process.stderr.write(`${text}\n`),
    progress: (text) => {
      if (!json) process.stderr.write(text(errorPaint));
    },
    show: (value, table) => print(json ? `${JSON.stringify(value, null, 2)}\n` : table(value)),
    showLine: (value, line) => print(json ? `${JSON.stringify(value)}\n` : line(value)),
    async withClient(use, options) {
      const client = connect(await findCredentials(flags.credentials), options);
      try {
        return await use(client);
      } finally {
        client.close();
      }
    },
    get interrupted() {
      signal ??= interruption();
      return signal;
    },
  };
}

/** Wraps a command's function so that it gets its context first, then its arguments and own flags. */
export function action<A extends unknown[]>(
  run: (context: CommandContext, ...args: A) => Promise<void>,
): (...args: [...A, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.pop() as Command;
    await run(contextOf(command), ...(all as unknown as A));
  };
}
