import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlueprintList, Finding } from '@shoal/common';
import { formatProblem, ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import { findingLine, lint, readFiles } from '../blueprint/lint.js';
import { skeleton } from '../blueprint/skeleton.js';
import { blueprintTable, blueprintText } from '../blueprint/text.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';

function names({ blueprints }: BlueprintList): string {
  const all = blueprints.flatMap((b) => [...(b.newest ? [b.name] : []), `${b.name}@${b.version}`]);
  return all.map((name) => `${name}\n`).join('');
}

async function list(context: CommandContext, flags: { names?: boolean }): Promise<void> {
  const answer = await context.withClient((client) => client.call('blueprint.list', {}));
  if (flags.names === true && !context.json) return context.print(names(answer));
  context.show(answer, ({ blueprints }) => blueprintTable(blueprints));
  if (context.json || answer.problems.length === 0) return;
  context.note('No spec can be applied until these are mended:');
  for (const problem of answer.problems) context.note(formatProblem(problem));
}

function countOf(findings: readonly Finding[], severity: Finding['severity']): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** Looks over each path; faults end with exit code 2, as wrong input does. */
async function lintPaths(
  context: CommandContext,
  paths: readonly string[],
  flags: { strict?: boolean },
): Promise<void> {
  const findings: Finding[] = [];
  for (const path of paths) findings.push(...(await lint(await readFiles(path))));
  const errors = countOf(findings, 'error');
  const warnings = countOf(findings, 'warning');
  context.show({ findings, errors, warnings }, () =>
    findings.map((finding) => `${findingLine(finding)}\n`).join(''),
  );
  if (!context.json)
    context.note(`${paths.join(', ')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
  if (errors > 0 || (flags.strict === true && warnings > 0)) process.exitCode = 2;
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}

async function create(context: CommandContext, path: string): Promise<void> {
  const name = path.split('/').findLast((part) => part !== '') ?? '';
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    const expected = "1 to 63 of a-z, 0-9 and '-', beginning with a letter";
    throw new ShoalError('invalid_input', `A blueprint's name has ${expected}; found "${name}"`);
  }
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new ShoalError('already_exists', `${path} is there already`);
  const files = skeleton(name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text, { flag: 'wx' });
  }
  context.show({ name, path, files: Object.keys(files) }, () => `made ${join(path, 'blueprint.yaml')}\n`);
  if (!context.json)
    context.note(`Look it over with: shoal blueprint lint ${path}; then: shoal blueprint add ${path}`);
}

async function add(context: CommandContext, path: string): Promise<void> {
  const files = await readFiles(path);
  const findings = await lint(files);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new ShoalError('invalid_input', `${path} has ${counted(errors.length, 'error')}`, {
      problems: errors,
    });
  }
  for (const finding of findings) context.note(findingLine(finding));
  const input = { files: Object.fromEntries(files.texts), file: files.place.slice(-500) };
  const answer = await context.withClient((client) => client.call('blueprint.add', input));
  const { name, version } = answer.blueprint;
  context.show(answer, ({ added }) => `${name}@${version} ${added ? 'added' : 'is there already'}\n`);
}

/** `shoal blueprint ls|show|lint|new|add|rm`. */
export function addBlueprintCommands(program: Command): void {
  const blueprint = program
    .command('blueprint')
    .description('the reusable definitions of services that specs name');
  blueprint
    .command('ls')
    .description('list blueprints, where each version came from and which services use it')
    .option('--names', 'print names alone, for scripts and completion')
    .action(action(list));
  blueprint
    .command('show <name>')
    .description('the parameters and steps of a blueprint; NAME for its newest version, or NAME@VERSION')
    .action(
      action(async (context: CommandContext, name: string) => {
        const answer = await context.withClient((client) => client.call('blueprint.get', { name }));
        context.show(answer, blueprintText);
      }),
    );
  blueprint
    .command('lint <path...>')
    .description(
      'look over blueprints in folders or .tar.gz archives, without a controller; exits 2 when there are errors',
    )
    .option('--strict', 'exit 2 for warnings, too')
    .action(action(lintPaths));
  blueprint
    .command('new <path>')
    .description('make a folder with a small blueprint to begin with, named like the folder')
    .action(action(create));
  blueprint
    .command('add <path>')
    .description(
      'upload a folder or .tar.gz archive to the controller; a version never changes once it is there',
    )
    .action(action(add));
  blueprint
    .command('rm <name@version>')
    .description('forget an uploaded blueprint; refused while the newest revision uses it')
    .action(
      action(async (context: CommandContext, name: string) => {
        const removed = await context.withClient((client) => client.call('blueprint.remove', { name }));
        context.show(removed, (b) => `removed ${b.name}@${b.version}\n`);
      }),
    );
}
