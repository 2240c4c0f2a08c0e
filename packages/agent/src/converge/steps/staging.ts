import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RunCommand } from '../command.js';
import { failureOf } from '../command.js';
import type { RenderedFile, RenderedService, StagedPaths } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import { nameOriginals } from './handler.js';
import type { Ownership } from './ownership.js';
import { writeStaged } from './write-staged.js';

const validateTimeoutMs = 60_000;
const mostReasonCharacters = 500;

/**
 * Writes a file's new content beside its place: there, relative names in it mean the same, and the final rename can't fail for
 * want of space. The name keeps its ending (programs go by it) and starts with a dot (globs such as `*.conf` pass over it).
 * While the directory isn't there yet, `otherwise` is used.
 */
export async function stage(
  step: RenderedFile,
  purpose: 'staged' | 'check',
  otherwise: string,
  lookUp: () => Promise<Ownership>,
): Promise<string> {
  const own = dirname(step.path);
  const beside = (await statOf(own)) !== undefined;
  const directory = beside ? own : join(otherwise, step.id);
  if (!beside) await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${beside ? `.shoal-${purpose}.` : ''}${basename(step.path)}`);
  const owner = await lookUp();
  await writeStaged(path, step.content, { mode: step.mode, owner });
  return path;
}

/**
 * Runs a file's validation. Returns false when its program isn't installed (yet). Output names the files as people know them,
 * not their staged copies.
 */
export async function validateFile(
  service: RenderedService,
  step: RenderedFile,
  staged: StagedPaths,
  options: { readonly run: RunCommand; readonly output: (line: string) => void },
): Promise<boolean> {
  if (step.validate === undefined) return true;
  const originals = Object.fromEntries(filesOf(service).map((file) => [file.id, file.path]));
  const command = await step.validate.render(staged);
  const named = (line: string) => nameOriginals(line, staged, originals);
  const result = await options.run(command, { timeoutMs: validateTimeoutMs });
  if (result.missing) return false;
  const lines = result.lines.map(named);
  const failure = failureOf(command[0] ?? '', result, validateTimeoutMs);
  if (failure === undefined) return true;
  for (const line of lines) options.output(line);
  throw new StepError(`the new ${step.path} is refused: ${failure}${firstReason(lines)}`, lines);
}

/** The first line that says what is wrong, for a message that has to do without the others; whole, as it may hold a secret. */
function firstReason(lines: readonly string[]): string {
  const short = lines.filter((line) => line.length <= mostReasonCharacters);
  const reason = short.find((line) => /\b(emerg|error|invalid|failed)\b/i.test(line)) ?? short[0];
  return reason === undefined ? '' : `: ${reason}`;
}

/** The file steps of a service. */
export function filesOf(service: RenderedService): readonly RenderedFile[] {
  return service.steps.filter((step) => step.type === 'file');
}

/** Removes staged copies. */
export async function unstage(paths: Iterable<string>): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
}
