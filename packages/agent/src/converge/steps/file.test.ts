import { rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from 'tap';
import type { RenderedFile } from '../render/rendered.js';
import { type FileUndo, fileHandler } from './file.js';
import type { StepContext, UndoContext } from './handler.js';

const unused = {} as UndoContext;

/** A file changed an hour ago, and what undoing a step on it needs. */
async function oldFile(directory: string): Promise<{ path: string; undo: FileUndo; changedAt: number }> {
  const path = join(directory, 'web.service');
  await writeFile(path, 'old');
  const hourAgo = new Date(Date.now() - 3_600_000);
  await utimes(path, hourAgo, hourAgo);
  const step: RenderedFile = { type: 'file', id: 'unit', path, content: 'new', mode: 0o644, notify: null };
  const undo = await fileHandler.prepareUndo(step, { directory } as StepContext);
  return { path, undo, changedAt: (await stat(path)).mtimeMs };
}

t.test('a file that is put back looks changed to what goes by its time, as systemd does', async (t) => {
  const directory = t.testdir();
  const { path, undo } = await oldFile(directory);
  const replacement = join(directory, 'replacement');
  await writeFile(replacement, 'new');
  await rename(replacement, path);
  const replacedAt = (await stat(path)).mtimeMs;
  await fileHandler.undo(undo, unused);
  t.ok((await stat(path)).mtimeMs >= replacedAt, 'not older than what it replaces');
  t.matchOnlyStrict(await fileHandler.undo(undo, unused), `${path} was put back before`);
});

t.test('a file that was never replaced keeps its time', async (t) => {
  const { path, undo, changedAt } = await oldFile(t.testdir());
  await fileHandler.undo(undo, unused);
  t.equal((await stat(path)).mtimeMs, changedAt);
  t.equal((await stat(path)).nlink, 1, 'and has one name again');
});
