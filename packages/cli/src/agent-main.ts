import { realpathSync } from 'node:fs';
import process from 'node:process';
import { Command } from 'commander';
import { addAgentCommand } from './commands/run-agent.js';
import { runProgram } from './run-program.js';

/*
 * The packages' bundle of the agent starts here. Run by itself it is `shoal agent run` and nothing else, which keeps the rest of the
 * command out of a process that stays on every host; loaded by the command's own bundle it is the agent's module.
 */

export { runAgent } from '@shoal/agent';

const [, started] = process.argv;
if (started !== undefined && realpathSync(started) === import.meta.filename) {
  const program = new Command('shoal').exitOverride();
  program.option('--json', 'print errors as JSON');
  addAgentCommand(program);
  void runProgram(program, process.argv).then((code) => {
    process.exitCode = code;
  });
}
