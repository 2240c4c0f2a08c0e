import { readFile } from 'node:fs/promises';
import type { Plan, RolloutStrategy } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { planText } from '../output/plan.js';
import { strategyOption } from '../output/strategy.js';
import { followApplied } from './applied.js';

/** A dry run waits for every node's answer. */
const dryRunTimeoutMs = 180_000;
const largestSpec = 4 * 1024 * 1024;

async function readSpec(file: string): Promise<{ spec: string; file: string }> {
  try {
    const spec = file === '-' ? await readStandardInput() : await readFile(file, 'utf8');
    if (Buffer.byteLength(spec) > largestSpec)
      throw new ShoalError('invalid_input', `${file} is larger than 4 MiB`);
    return { spec, file: file === '-' ? 'standard input' : file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new ShoalError('not_found', `There is no file ${file}`, {
        hint: 'Name the spec, e.g. shoal apply cluster.yaml',
      });
    }
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') {
      throw new ShoalError('invalid_input', `${file} is a directory; expected a file with the spec`);
    }
    throw ShoalError.from(error, 'invalid_input');
  }
}

async function readStandardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

async function plan(context: CommandContext, file: string, flags: { onNodes?: boolean }): Promise<void> {
  const input = { ...(await readSpec(file)), onNodes: flags.onNodes === true };
  const made = await context.withClient((client) => client.call('spec.plan', input), {
    timeoutMs: dryRunTimeoutMs,
  });
  context.show(made, (p) => planText(p, context.paint, { onNodes: input.onNodes }));
  refuseProblems(made);
}

/** @throws ShoalError `step_failed` when a dry run said that applying would be refused */
function refuseProblems({ nodes }: Plan): void {
  const problems = nodes.flatMap(({ node, differences }) =>
    differences.filter(({ problem }) => problem !== '').map((d) => `${node} ${d.service}/${d.step}`),
  );
  if (problems.length === 0) return;
  throw new ShoalError('step_failed', `Applying it would be refused: ${problems.join(', ')}`, {
    hint: 'The dry run says why. Nothing was changed.',
  });
}

interface ApplyFlags {
  readonly reason?: string;
  readonly basedOn?: number;
  readonly detach?: boolean;
  readonly strategy?: RolloutStrategy;
}

async function apply(context: CommandContext, file: string, flags: ApplyFlags): Promise<void> {
  const input = {
    ...(await readSpec(file)),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.basedOn === undefined ? {} : { basedOn: flags.basedOn }),
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
  };
  await context.withClient(async (client) => {
    const applied = await client.call('spec.apply', input);
    await followApplied(context, client, applied, flags);
  });
}

/** `shoal plan` and `shoal apply`. */
export function addSpecCommands(program: Command): void {
  program
    .command('plan <file>')
    .description('what applying this spec would change; changes nothing ("-": standard input)')
    .option(
      '--on-nodes',
      'also let each node it touches check its steps and tell what would differ there; exits 7 when one would refuse it',
    )
    .action(action(plan));
  program
    .command('apply <file>')
    .description(
      'commit this spec as a new revision and roll it out; waits for the end; exits 7 when it fails, 5 when it is aborted or superseded',
    )
    .option('--reason <text>', 'why; kept with the revision')
    .option(
      '--based-on <revision>',
      'refuse when another revision was committed since this one',
      positiveInteger,
    )
    .addOption(strategyOption())
    .option('--detach', "don't wait for the rollout")
    .action(action(apply));
}
