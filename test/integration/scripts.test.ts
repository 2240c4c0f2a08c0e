import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

// What the repository's own scripts decide by.

const scripts = join(import.meta.dirname, '../../../scripts');
const { digestOf } = (await import(join(scripts, 'digest.mjs'))) as {
  digestOf(root: string, paths: readonly string[], salt?: string): string;
};

t.test('a digest is of names and contents, wherever they are', async (t) => {
  const first = t.testdir({ lock: 'one', source: { a: 'x', b: 'y', dist: { made: '1' } } });
  const moved = join(first, '../moved-elsewhere');
  cpSync(first, moved, { recursive: true });
  t.teardown(() => rmSync(moved, { recursive: true, force: true }));
  const of = (root: string, salt?: string): string => digestOf(root, ['lock', 'source', 'missing'], salt);
  const digest = of(first);
  t.equal(of(moved), digest, 'a clone that is moved is not stale');
  t.not(of(moved, 'v22'), digest);

  writeFileSync(join(moved, 'source/dist/made'), '2');
  mkdirSync(join(moved, 'node_modules'));
  t.equal(of(moved), digest, 'what is made of them does not count');
  writeFileSync(join(moved, 'source/a'), 'xy');
  writeFileSync(join(moved, 'source/b'), '');
  t.not(of(moved), digest, 'what moves from one file to the next counts');
  writeFileSync(join(moved, 'source/a'), 'x');
  writeFileSync(join(moved, 'source/b'), 'y');
  t.equal(of(moved), digest);
  renameSync(join(moved, 'source/b'), join(moved, 'source/c'));
  t.not(of(moved), digest, 'so does a name');
});
