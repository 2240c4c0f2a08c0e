import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlueprintView, builtinBlueprintsDir } from '@shoal/common';
import { test } from 'tap';
import { findingLine, lint, readFiles } from './lint.js';
import { blueprintTable, blueprintText } from './text.js';

const command = join(import.meta.dirname, '../../bin/shoal.js');

/** Runs the command as a process in a directory. */
function shoal(cwd: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** What lint says of a folder, a line each. */
async function lines(folder: string): Promise<string[]> {
  return (await lint(await readFiles(folder))).map((finding) =>
    findingLine(finding).replace(dirname(folder), '.'),
  );
}

test('a new blueprint lints clean, and each fault of it is told with its place', async (t) => {
  const dir = t.testdir({});
  const folder = join(dir, 'gw');
  t.match(await shoal(dir, 'blueprint', 'new', 'gw'), { code: 0, stdout: 'made gw/blueprint.yaml\n' });
  t.match(await shoal(dir, 'blueprint', 'new', 'gw'), { code: 5, stderr: /gw is there already/ });
  t.strictSame(await lines(`${folder}/`), []);

  const file = join(folder, 'blueprint.yaml');
  const template = join(folder, 'templates', 'server.json.liquid');
  const good = await readFile(file, 'utf8');
  await writeFile(file, good.replace('    default: "hello', '    secret: true\n    default: "hello'));
  t.strictSame(await lines(folder), [], 'any parameter may become a secret');
  await writeFile(file, good);
  t.match(good, /^# yaml-language-server: \$schema=\/.*docs\/schemas\/blueprint.schema.json\n/);
  await writeFile(template, 'x\n {{ params }}');
  t.strictSame(await lines(folder), [
    './gw/templates/server.json.liquid:2:2: error: a mapping has no text: print one of its members, or use the filter "json" (rendered for systemd, with sample parameters)',
  ]);
  await writeFile(template, '{\n  {{ params.port | jsn }}\n}\n');
  await writeFile(
    file,
    good.replace('type: unit\n', 'type: untt\n').replace('"{{ directory }}/server.mjs"', 'etc/x'),
  );
  const { code, stderr, stdout } = await shoal(dir, 'blueprint', 'lint', '--json', 'gw');
  t.match({ code, stderr }, { code: 2, stderr: '' });
  t.match(JSON.parse(stdout), {
    errors: 3,
    warnings: 0,
    findings: [
      {
        severity: 'error',
        message: /^steps\[1\].path: expected an absolute path .*found string "etc\/x"$/,
        position: { file: 'gw/blueprint.yaml', line: 42, column: 11 },
      },
      { message: /^steps\[4\].type: expected one of .*found string "untt"; did you mean "unit"\?$/ },
      {
        message: 'unknown filter jsn',
        position: { file: 'gw/templates/server.json.liquid', line: 2, column: 3 },
      },
    ],
  });
  await t.rejects(readFiles(join(dir, 'none')), {
    code: 'not_found',
    message: /^There is no folder or archive /,
  });
});

test('what comes with Shoal has no errors, and nginx lints clean', async (t) => {
  const examples = join(builtinBlueprintsDir(), '..', 'examples', 'blueprints');
  for (const parent of [builtinBlueprintsDir(), examples]) {
    for (const name of await readdir(parent)) {
      const found = await lines(join(parent, name));
      t.strictSame(name === 'nginx' ? found : found.filter((line) => line.includes(': error: ')), [], name);
    }
  }
});

test('blueprints are shown as people read them', async (t) => {
  const view: BlueprintView = {
    ...{ name: 'web', version: '1.0.0', description: 'Web', place: '/b/web' },
    ...{ hash: 'abcdef0123456789', newest: false, usedBy: ['shop'], note: 'beware', uploaded: null },
    source: 'directory',
  };
  t.equal(
    blueprintTable([view]),
    'NAME  VERSION        SOURCE     USED BY  DESCRIPTION\nweb   1.0.0 (older)  directory  shop     Web\nweb@1.0.0: beware\n',
  );
  const blueprint = {
    ...{ name: 'web', version: '1.0.0', description: 'Web', process: {} },
    parameters: {
      port: { type: 'integer', minimum: 1, maximum: 9, default: 5, description: 'Port' },
      mode: { type: 'string', enum: ['a', 'b'], description: 'Mode' },
      keys: { type: 'array', items: { type: 'string' }, secret: true, default: [], description: 'Keys' },
    },
    steps: [
      { id: 'dir', type: 'directory', path: '/srv' },
      { id: 'check', type: 'exec', command: ['true', 'x'], when: "supervisor == 'systemd'" },
    ],
  } as const;
  t.equal(
    blueprintText({ ...view, blueprint }),
    `web@1.0.0 (directory, /b/web): Web
content abcdef012345, used by shop
beware

PARAMETER  TYPE                    DEFAULT     DESCRIPTION
port       integer 1..9            5           Port
mode       a | b                   (required)  Mode
keys       list of string, secret  []          Keys

STEP   TYPE       WHAT    WHEN
dir    directory  /srv
check  exec       true x  supervisor == 'systemd'
`,
  );
});
