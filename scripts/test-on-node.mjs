// `npm run test:node -- 22 24`: the tests on other Node versions than the one that runs this, from the npm registry.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;
const versions = process.argv.slice(2).filter((arg) => /^\d+(\.\d+)*$/.test(arg));
const tapArgs = process.argv.slice(2).filter((arg) => !versions.includes(arg));
if (versions.length === 0) {
  console.error('Name the Node versions, e.g. npm run test:node -- 22 24');
  process.exit(2);
}

function run(command, args, env = process.env) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}

/** The path of that version's binary, fetched when it isn't here yet. */
function nodeOf(version) {
  const module = `node-${process.platform}-${process.arch}`;
  const prefix = join(root, 'node_modules/.cache/shoal', `node-${version}`);
  const binary = join(prefix, 'node_modules', module, 'bin/node');
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    run('npm', [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--prefix',
      prefix,
      `${module}@${version}`,
    ]);
  }
  return binary;
}

run(process.execPath, ['scripts/setup.mjs', '--test']);
for (const version of versions) {
  const node = nodeOf(version);
  console.log(`# Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const env = { ...process.env, PATH: `${join(node, '..')}:${process.env.PATH}` };
  run(node, [join(root, 'node_modules/.bin/tap'), ...tapArgs], env);
}
