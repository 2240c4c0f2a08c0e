import { createProgram } from './program.js';
import { runProgram } from './run-program.js';

/** The whole command: parses the arguments, runs what they say and returns its exit code (docs/cli.md lists them). */
export async function runMain(argv: readonly string[]): Promise<number> {
  return await runProgram(createProgram(), argv);
}
