import { version } from '@shoal/common';
import { Command } from 'commander';
import { addBlueprintCommands } from './commands/blueprint.js';
import { addCompleteCommand } from './commands/complete.js';
import { addCompletionCommand } from './commands/completion.js';
import { addDemoCommand } from './commands/demo.js';
import { addDriftCommand } from './commands/drift.js';
import { addGossipKeyCommands } from './commands/gossip-key.js';
import { addLicenseCommands } from './commands/license.js';
import { addLogsCommand } from './commands/logs.js';
import { addMembersCommand } from './commands/members.js';
import { addNodeCommands } from './commands/node.js';
import { addRevisionCommands } from './commands/revision.js';
import { addRolloutCommands } from './commands/rollout.js';
import { addAgentCommand } from './commands/run-agent.js';
import { addControllerCommand } from './commands/run-controller.js';
import { addSecretCommands } from './commands/secret.js';
import { addSpecCommands } from './commands/spec.js';
import { addStatsCommand } from './commands/stats.js';
import { addStatusCommand } from './commands/status.js';
import { addTokenCommands } from './commands/token.js';
import { addVersionCommand } from './commands/version.js';

const examples = `
Examples:
  shoal status                     the cluster at a glance
  shoal token create --uses 3      let three hosts join
  shoal plan cluster.yaml          what would change
  shoal apply cluster.yaml         change it, node by node
  shoal logs -f --source error     follow what the services complain of

Exit codes: 0 done, 1 unexpected, 2 wrong input, 3 not allowed, 4 not found, 5 conflict or wrong state,
6 unavailable (trying again may help), 7 a step failed on a node, or would (plan --on-nodes).
`;

/** The whole command, ready to parse arguments. */
export function createProgram(): Command {
  const program = new Command('shoal')
    .description('Manages clusters of gateways and identity servers on plain Linux hosts')
    .version(version, '-V, --version', 'print the version')
    .option(
      '--credentials <file>',
      "operator's credentials (default: SHOAL_CREDENTIALS, then the usual places)",
    )
    .option('--json', 'print JSON for programs')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', examples)
    .showHelpAfterError('(shoal --help shows what there is)')
    .showSuggestionAfterError()
    .enablePositionalOptions(false)
    .exitOverride();
  addStatusCommand(program);
  addNodeCommands(program);
  addMembersCommand(program);
  addTokenCommands(program);
  addGossipKeyCommands(program);
  addLicenseCommands(program);
  addSpecCommands(program);
  addSecretCommands(program);
  addBlueprintCommands(program);
  addRevisionCommands(program);
  addRolloutCommands(program);
  addDriftCommand(program);
  addLogsCommand(program);
  addStatsCommand(program);
  addControllerCommand(program);
  addAgentCommand(program);
  addDemoCommand(program);
  addVersionCommand(program);
  addCompletionCommand(program);
  addCompleteCommand(program);
  return program;
}
