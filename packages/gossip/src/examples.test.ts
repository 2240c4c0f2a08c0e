import { execFile } from 'node:child_process';
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
