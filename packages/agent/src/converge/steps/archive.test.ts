import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { t } from 'tap';
import type { RenderedArchive } from '../render/rendered.js';
import { archiveHandler } from './archive.js';
import { testContext } from './context.test.support.js';

/** Directories for the archive's content, the archive and what it is unpacked to. */
function scene(t: { testdir(): string }) {
  const root = t.testdir();
  const content = join(root, 'content');
  mkdirSync(join(content, 'web-1.0', 'bin'), { recursive: true });
  writeFileSync(join(content, 'web-1.0', 'bin', 'web'), 'program', { mode: 0o755 });
  writeFileSync(join(content, 'web-1.0', 'conf "a"'), 'conf');
  mkdirSync(join(root, 'opt'));
  return { root, content, context: testContext({ directory: root }), path: join(root, 'opt', 'web') };
}

function tar(content: string, name: string, ...options: string[]): string {
  const source = join(content, '..', name);
  execFileSync('tar', [
    '--create',
    '--auto-compress',
    '--absolute-names',
    `--file=${source}`,
    `--directory=${content}`,
    ...options,
  ]);
  return source;
}

function zip(content: string, name: string): string {
  const source = join(content, '..', name);
  execFileSync('zip', ['--quiet', '--recurse-paths', '--symlinks', source, '.'], { cwd: content });
  return source;
}

function stepOf(source: string, path: string, more: Partial<RenderedArchive> = {}): RenderedArchive {
  const limits = { maxBytes: 1e6, maxEntries: 100 };
  const format = source.endsWith('.zip') ? 'zip' : 'tar';
  return {
    type: 'archive',
    id: 'a',
    source,
    format,
    sha256: null,
    path,
    strip: 0,
    ...limits,
    notify: null,
    ...more,
  };
}

t.test('an archive is unpacked as a whole, and another one takes its place', async (t) => {
  const { content, context, path } = scene(t);
  symlinkSync('bin/web', join(content, 'web-1.0', 'current'));
  linkSync(join(content, 'web-1.0', 'bin', 'web'), join(content, 'web-1.0', 'twin'));
  chmodSync(join(content, 'web-1.0', 'conf "a"'), 0o4666);
  const step = stepOf(tar(content, 'one.tar.gz', 'web-1.0'), path, { strip: 1, creates: 'bin/web' });
  t.equal(
    (await archiveHandler.check(step, context)).difference,
    `new directory ${path}, unpacked from ${step.source}`,
  );
  const undo = await archiveHandler.prepareUndo(step, context);
  t.equal(await archiveHandler.apply(step, context), `6 entries unpacked into ${path}`);
  t.same(await archiveHandler.check(step, context), { holds: true, difference: '' });
  t.same(readdirSync(path).sort(), ['.shoal-archive', 'bin', 'conf "a"', 'current', 'twin']);
  t.equal(readFileSync(join(path, 'current'), 'utf8'), 'program');
  t.equal(
    statSync(join(path, 'conf "a"')).mode & 0o7777,
    0o644,
    'nothing runs as another, or is for all to write',
  );

  const second = stepOf(tar(content, 'two.tar', 'web-1.0/bin'), path, { strip: 2 });
  t.match((await archiveHandler.check(second, context)).difference, /is replaced by what .*two\.tar holds$/);
  const undoSecond = await archiveHandler.prepareUndo(second, context);
  await archiveHandler.apply(second, context);
  t.same(readdirSync(path).sort(), ['.shoal-archive', 'web']);
  await archiveHandler.undo(undoSecond, context);
  t.same(await archiveHandler.check(step, context), { holds: true, difference: '' });

  execFileSync('rm', ['-r', join(path, 'bin')]);
  t.match(
    (await archiveHandler.check(step, context)).difference,
    /bin\/web is missing: .* is unpacked again$/,
  );
  execFileSync('rm', [step.source]);
  const gone = { ...step, creates: 'current' };
  t.ok(
    (await archiveHandler.check(gone, context)).holds,
    'an archive that is gone from the host is not missed',
  );
  await t.rejects(archiveHandler.apply(step, context), { message: `there is no archive ${step.source}` });
  await archiveHandler.undo(undo, context);
  t.same(readdirSync(join(path, '..')), []);
});

t.test('a zip archive is unpacked', async (t) => {
  const { content, context, path } = scene(t);
  symlinkSync('bin/web', join(content, 'web-1.0', 'current'));
  const step = stepOf(zip(content, 'one.zip'), path, { creates: 'web-1.0/bin/web' });
  await archiveHandler.apply(step, context);
  t.equal(readFileSync(join(path, 'web-1.0/current'), 'utf8'), 'program');
  t.equal(statSync(join(path, 'web-1.0/bin/web')).mode & 0o7777, 0o755);
});

t.test('a directory that holds something else is not touched', async (t) => {
  const { content, context, path } = scene(t);
  mkdirSync(path);
  writeFileSync(join(path, 'mine'), 'x');
  const step = stepOf(tar(content, 'one.tar', 'web-1.0'), path);
  await t.rejects(archiveHandler.check(step, context), {
    message: /isn't empty and wasn't made by an archive step/,
  });
});

t.test(
  'an archive that reaches out, or is too much, is refused before anything takes its place',
  async (t) => {
    const faults: readonly (readonly [RegExp, (content: string) => string, Partial<RenderedArchive>?])[] = [
      [/: \/etc\/hostname is an absolute path$/, (content) => tar(content, 'a.tar', '/etc/hostname')],
      [
        /: \.\.\/content\/web-1\.0\/bin\/ leads out of the directory$/,
        (content) => tar(content, 'a.tgz', '../content/web-1.0/bin'),
      ],
      [
        /the link l leads out of the directory$/,
        (content) => {
          symlinkSync('../../etc', join(content, 'l'));
          return tar(content, 'a.tar', 'l');
        },
      ],
      [
        /the link web-1\.0\/l leads out of the directory$/,
        (content) => {
          // Neither of the two leads out by its own text.
          mkdirSync(join(content, 'web-1.0/p/q'), { recursive: true });
          symlinkSync('../..', join(content, 'web-1.0/p/q/r'));
          symlinkSync('p/q/r/../..', join(content, 'web-1.0/l'));
          return zip(content, 'a.zip');
        },
      ],
      [
        /: p is neither a file nor a directory nor a link$/,
        (content) => {
          execFileSync('mkfifo', [join(content, 'p')]);
          return tar(content, 'a.tar', 'p');
        },
      ],
      [
        /it unpacks to more than the 1000000 bytes that maxBytes allows$/,
        (content) => {
          writeFileSync(join(content, 'big'), Buffer.alloc(2e6));
          return tar(content, 'a.tar.gz', 'big');
        },
      ],
      [
        /it unpacks to more than the 10 bytes that maxBytes allows$/,
        (content) => zip(content, 'a.zip'),
        { maxBytes: 10 },
      ],
      [
        /it has more than the 2 entries that maxEntries allows$/,
        (content) => tar(content, 'a.tar', '.'),
        { maxEntries: 2 },
      ],
      [
        /doesn't hold none, which the step says that it creates$/,
        (content) => tar(content, 'a.tar', '.'),
        { creates: 'none' },
      ],
      [
        /a\.tar can't be read: tar exited with 2$/,
        (content) => {
          writeFileSync(join(content, '../a.tar'), 'no archive');
          return join(content, '../a.tar');
        },
      ],
      [
        /a\.zip can't be read: unzip exited with 9$/,
        (content) => {
          writeFileSync(join(content, '../a.zip'), 'no archive');
          return join(content, '../a.zip');
        },
      ],
      [/has the SHA-256 \w{64}, not aa$/, (content) => tar(content, 'a.tar', '.'), { sha256: 'aa' }],
    ];
    for (const [message, make, more] of faults) {
      const { root, content, context, path } = scene(t);
      const step = stepOf(make(content), path, more);
      const undo = await archiveHandler.prepareUndo(step, context);
      await t.rejects(archiveHandler.apply(step, context), { message });
      t.notOk(existsSync(path));
      await archiveHandler.undo(undo, context);
      t.same(readdirSync(join(root, 'opt')), [], String(message));
    }
  },
);

t.test('without unzip it is said how to come by it', async (t) => {
  const { content, path, root } = scene(t);
  const ask = async () => ({ code: null, signal: null, missing: true, timedOut: false, lines: [] });
  const context = testContext({ directory: root, ask });
  await t.rejects(archiveHandler.apply(stepOf(zip(content, 'a.zip'), path), context), {
    message: /unzip isn't installed: a package step has to bring unzip first$/,
  });
});
