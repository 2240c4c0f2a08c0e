import { errorStatus, formatProblems, ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import { CommanderError } from 'commander';
import type { Palette } from './output/text.js';
import { palette } from './output/text.js';

/** An error as people read it: every problem on its own line with its place, then what to do next. */
export function explainError(error: ShoalError, paint: Palette = palette(process.stderr)): string {
  const problems = error.problems.length === 0 ? error.message : formatProblems(error).trimEnd();
  const hint = error.hint === undefined ? '' : `\n${paint.dim(error.hint)}`;
  return `${paint.bad('error')}: ${problems}${hint}\n`;
}

/** `help rollout retry` as `rollout retry --help`: the library's help knows one level alone. */
function helpAsFlag(argv: readonly string[]): string[] {
  const [node = '', script = '', first, ...words] = argv;
  return first === 'help' && words.length > 1 ? [node, script, ...words, '--help'] : [...argv];
}

/** Parses the arguments, runs the command and returns its exit code (docs/cli.md lists them). */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe went away (`shoal logs | head`): that is its right.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await program.parseAsync(helpAsFlag(argv));
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const error = ShoalError.from(thrown);
    if (argv.includes('--json')) process.stderr.write(`${JSON.stringify({ error })}\n`);
    else process.stderr.write(explainError(error));
    if (error.code === 'internal' && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
    return errorStatus[error.code].exit;
  }
}
