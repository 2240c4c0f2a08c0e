import type { Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RenderedFile } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { wholeLines } from '../whole-lines.js';
import { octal } from './ownership.js';

/** Larger files are compared, but their difference isn't shown. */
const shownBytes = 512 * 1024;
const shownCharacters = 16_000;
const mostBytes = 64 * 1024 * 1024;

/** What differs between the file on disk and the one wanted; empty: the content is the same. */
export async function contentDifference(step: RenderedFile, stat: Stats | undefined): Promise<string> {
  const hidden = hiddenBy(step, stat);
  if (stat === undefined) {
    const size = `new file ${step.path}, mode ${octal(step.mode)}`;
    return hidden ? `${size}; content not shown: ${hidden}` : `${size}\n${await diff(step, '')}`;
  }
  if (stat.isSymbolicLink()) return `${step.path} is a symbolic link; a file takes its place`;
  if (!stat.isFile()) throw new StepError(`${step.path} exists and isn't a file`);
  const wanted = Buffer.from(step.content);
  if (stat.size > mostBytes) return `${step.path}: content differs (${stat.size} -> ${wanted.length} bytes)`;
  const found = await readFile(step.path);
  if (found.equals(wanted)) return '';
  if (hidden) return `${step.path}: content differs (not shown: ${hidden})`;
  return diff(step, found.toString('utf8'));
}

/** A file that group and others can't read may hold secrets: neither old nor new content is ever shown. */
function hiddenBy(step: RenderedFile, stat: Stats | undefined): string | undefined {
  const modes = stat?.isFile() ? [step.mode, stat.mode & 0o7777] : [step.mode];
  const hiding = modes.find((mode) => (mode & 0o044) === 0);
  return hiding === undefined ? undefined : `mode ${octal(hiding)}`;
}

async function diff(step: RenderedFile, before: string): Promise<string> {
  const sizes = `${step.path}: content differs (${before.length} -> ${step.content.length} characters)`;
  if (before.length + step.content.length > shownBytes || before.includes('\0')) return sizes;
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff');
  const patch = createTwoFilesPatch(step.path, step.path, before, step.content, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
    // Two texts without anything in common aren't worth a second of computing.
    maxEditLength: 4000,
  });
  if (patch === undefined) return sizes;
  if (patch.length <= shownCharacters) return patch;
  return `${wholeLines(patch.split('\n'), shownCharacters, 'beginning').text}\n[diff cut]`;
}
