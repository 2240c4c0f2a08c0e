import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';

/** What an example prints, line by line; it must end by itself. */
async function linesOf(name: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../examples/${name}.mjs`, import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path], { timeout: 60_000 });
  return `${stderr}${stdout}`.trimEnd().split('\n');
}

test('the examples do what they say', async (t) => {
  const [cluster, chat, rotation] = await Promise.all(['cluster', 'chat', 'key-rotation'].map(linesOf));
  t.same(
    new Set(cluster?.slice(0, 2)),
    new Set(['bert', 'carl'].map((n) => `anna: ${n} alive { site: 'here' }`)),
  );
  t.same(cluster?.slice(2), [
    "anna: bert alive { drain: 'yes', site: 'here' }",
    "anna: bert left { drain: 'yes', site: 'here' }",
    "anna: carl dead { site: 'here' }",
  ]);
  t.same(
    new Set(chat),
    new Set([
      'anna hears bert: good morning, all',
      'carl hears anna: are you there?',
      'carl hears bert: good morning, all',
    ]),
  );
  t.equal(rotation?.filter((line) => line.endsWith('all alive: true, refused: 0')).length, 7);
  t.same(
    rotation?.filter((line) => line.startsWith('anna keeps')).map((line) => line.split(' ')[2]),
    ['1', '2', '2', '1'],
  );
});

test('the first lines of code in the README run as they stand', async (t) => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, code = ''] = /```js\n(.+?)```/s.exec(readme) ?? [];
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: root,
    timeout: 60_000,
  });
  const { stdout, stderr } = await run;
  t.equal(stderr, '');
  t.match(stdout.split('\n'), [
    "join node-2 alive { site: 'oslo' }",
    "update node-2 alive { drain: 'yes', site: 'oslo' }",
    /^\[ 'node-1 at 127.0.0.1:\d+', 'node-2 at 127.0.0.1:\d+' \]$/,
    "leave node-2 left { drain: 'yes', site: 'oslo' }",
  ]);
});
