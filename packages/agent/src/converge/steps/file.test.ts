import { mkdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from 'tap';
import type { RunCommand } from '../command.js';
import type { RenderedFile } from '../render/rendered.js';
import { fileHandler } from './file.js';
import type { StepContext, UndoContext } from './handler.js';
import { lookUp, setOwnership } from './ownership.js';
import type { Replacement } from './replace.js';
import { stage } from './staging.js';

const unused = {} as UndoContext;

/** A file changed an hour ago, and what undoing a step on it needs. */
async function oldFile(directory: string): Promise<{ path: string; undo: Replacement; changedAt: number }> {
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

t.test(
  'a link that somebody puts in the place of what is written never has its target changed',
  async (t) => {
    const directory = t.testdir({ 'secret.txt': 'x', secrets: {}, own: {} });
    const secret = join(directory, 'secret.txt');
    const { mode: before, uid } = await stat(secret);
    const path = join(directory, 'own', 'web.conf');
    const staged = join(directory, 'own', '.shoal-staged.web.conf');
    // Whoever may write to the directory acts while the host looks up the owner.
    const ask: RunCommand = async () => {
      await rm(staged, { force: true });
      await symlink(secret, staged);
      return { code: 0, signal: null, missing: false, timedOut: false, lines: [`me:x:${uid}:0`] };
    };
    const step = { type: 'file', id: 'conf', path, content: 'new', mode: 0o666, notify: null } as const;
    await stage({ ...step, owner: 'me' }, 'staged', directory, () => lookUp({ owner: 'me' }, ask));
    t.equal((await stat(secret)).mode, before);
    t.equal((await stat(staged)).mode & 0o777, 0o666);

    const secrets = join(directory, 'secrets');
    const { mode: closed } = await stat(secrets);
    await mkdir(join(directory, 'more'));
    await symlink(secrets, join(directory, 'more', 'link'));
    await t.rejects(setOwnership(join(directory, 'more', 'link'), 0o777, { uid: -1, gid: -1 }));
    t.equal((await stat(secrets)).mode, closed);
  },
);
