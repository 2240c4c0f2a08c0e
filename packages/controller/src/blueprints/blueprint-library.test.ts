import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blueprintFilesOf, createBlueprintSet, type LoadedBlueprint, parseSpec } from '@shoal/common';
import t, { type Test } from 'tap';
import { MemoryStore } from '../store/memory-store.js';
import { blueprintChanges } from './blueprint-changes.js';
import { BlueprintLibrary } from './blueprint-library.js';

const definition = (version: string, description = 'A web server') =>
  `name: web\nversion: ${version}\ndescription: ${description}\nparameters: {}\nsteps: []\nprocess: { unit: web.service }\n`;
const upload = (version: string, description?: string) =>
  blueprintFilesOf({ 'blueprint.yaml': definition(version, description) }, 'upload');
const actor = { name: 'anna' };

function libraryOf(t: Test) {
  const dir = t.testdir({
    builtin: { web: { 'blueprint.yaml': definition('1.0.0') } },
    own: { web: { 'blueprint.yaml': definition('1.2.0') } },
  });
  let used: Record<string, string> = {};
  const library = new BlueprintLibrary({
    store: new MemoryStore(),
    builtin: join(dir, 'builtin'),
    directories: [join(dir, 'own')],
    used: async () => used,
    exclusive: (change) => change(),
    now: () => 7,
  });
  return {
    dir,
    library,
    use: (hashes: Record<string, string>) => {
      used = hashes;
    },
  };
}

t.test('versions of all three sources stand side by side, and the newest is meant by the name', async (t) => {
  const { library, use, dir } = libraryOf(t);
  t.match(await library.add(upload('1.10.0'), actor), {
    added: true,
    blueprint: { source: 'uploaded', place: '', newest: true, uploaded: { at: 7, by: 'anna' } },
  });
  t.match(await library.add(upload('1.10.0'), actor), { added: false }, 'the same content again');
  const { blueprints, problems } = await library.list();
  t.strictSame(problems, []);
  t.strictSame(
    blueprints.map(({ version, source, newest, place }) => [version, source, newest, place]),
    [
      ['1.0.0', 'built-in', false, join(dir, 'builtin', 'web')],
      ['1.2.0', 'directory', false, join(dir, 'own', 'web')],
      ['1.10.0', 'uploaded', true, ''],
    ],
  );
  t.equal((await library.current()).get('web')?.version, '1.10.0');
  use({ shop: (await library.get('web@1.2.0')).hash });
  t.strictSame((await library.get('web@1.2.0')).usedBy, ['shop']);
  t.match(await library.get('web'), { version: '1.10.0', blueprint: { process: { unit: 'web.service' } } });
  await t.rejects(library.get('wbe'), {
    code: 'not_found',
    message: 'There is no blueprint wbe; did you mean "web"?',
  });
  await t.rejects(library.get('web@3.0.0'), {
    message: 'There is no blueprint web@3.0.0; there is web@1.0.0, web@1.2.0, web@1.10.0',
  });
});

t.test(
  'files that change on disk count at the next look, and those that stay are not judged again',
  async (t) => {
    const { library, dir } = libraryOf(t);
    const file = join(dir, 'own', 'web', 'blueprint.yaml');
    const first = (await library.current()).get('web@1.2.0');
    t.equal((await library.current()).get('web@1.2.0'), first, 'the very same');
    await writeFile(file, definition('1.2.0', 'Another'));
    t.equal((await library.current()).get('web@1.2.0')?.description, 'Another');
    await writeFile(file, 'name: web\n');
    for (const time of ['once', 'again'])
      await t.rejects(library.current(), { message: /missing key "version"/ }, `refused ${time}`);
    await writeFile(file, definition('1.2.0'));
    t.strictSame((await library.current()).get('web@1.2.0'), first);
  },
);

t.test('a version never changes', async (t) => {
  const { library, dir } = libraryOf(t);
  await t.rejects(library.add(upload('1.0.0', 'Another'), actor), {
    code: 'already_exists',
    message: 'web@1.0.0 is there already (built-in), with other content',
    hint: /new one/,
  });
  await library.add(upload('2.0.0'), actor);
  await t.rejects(library.add(upload('2.0.0', 'Another'), actor), { message: /\(uploaded\), with other/ });
  await t.rejects(library.add(blueprintFilesOf({ 'blueprint.yaml': 'name: x\n' }, 'upload'), actor), {
    code: 'invalid_input',
    message: /^upload\/blueprint.yaml:1:1: missing key "version" \(and/,
  });

  // A newer Shoal brings what was uploaded before.
  await mkdir(join(dir, 'builtin', 'web2'));
  await writeFile(join(dir, 'builtin', 'web2', 'blueprint.yaml'), definition('2.0.0', 'From Shoal'));
  t.match(await library.get('web@2.0.0'), {
    source: 'uploaded',
    description: 'A web server',
    note: "the built-in web@2.0.0 has other content and isn't used",
  });
  t.equal((await library.current()).get('web')?.description, 'A web server');
});

t.test('an upload is removed unless the newest revision uses it', async (t) => {
  const { library, use } = libraryOf(t);
  const { blueprint } = await library.add(upload('2.0.0'), actor);
  use({ shop: blueprint.hash, other: 'x' });
  await t.rejects(library.remove('web@2.0.0'), {
    code: 'failed_precondition',
    message: 'web@2.0.0 is in use by the newest revision: shop',
  });
  use({});
  await t.rejects(library.remove('web'), { code: 'invalid_input', message: 'Say which version: web@2.0.0' });
  await t.rejects(library.remove('web@1.0.0'), {
    message: 'web@1.0.0 was not uploaded: it comes with Shoal',
  });
  await t.rejects(library.remove('web@1.2.0'), { message: /^web@1.2.0 was not uploaded: it lies in / });
  await library.remove('web@2.0.0');
  await t.rejects(library.get('web@2.0.0'), { code: 'not_found' });
  t.match(await library.add(upload('2.0.0', 'Another'), actor), { added: true }, 'its version is free again');
});

t.test('a fault on disk is told beside what is sound, and stops specs alone', async (t) => {
  const { library, dir } = libraryOf(t);
  await writeFile(join(dir, 'own', 'web', 'blueprint.yaml'), definition('1.0.0', 'Twin'));
  const twin = await library.list();
  t.match(twin.problems, [{ message: /^blueprint web@1.0.0 is in .*builtin\/web too, with other content/ }]);
  t.strictSame(
    twin.blueprints.map(({ version }) => version),
    ['1.0.0'],
  );
  await t.rejects(library.current(), { code: 'invalid_input' });
  await rm(join(dir, 'own'), { recursive: true });
  await t.rejects(library.list(), { code: 'not_found', message: /own doesn't exist/ });
});

t.test('a plan names services whose blueprint became another', async (t) => {
  const web = (version: string, description = ''): LoadedBlueprint => ({
    ...{ name: 'web', version, description, parameters: {}, steps: [], process: {}, directory: '' },
  });
  const text = (pin: string) =>
    `cluster: c\nservices:\n  a: {blueprint: web, nodes: all}\n  b: {blueprint: ${pin}, nodes: all}\n`;
  const side = (pin: string, ...blueprints: LoadedBlueprint[]) => ({
    spec: parseSpec(text(pin), 's'),
    blueprints: createBlueprintSet(blueprints),
  });
  const before = side('web@1.0.0', web('1.0.0'));
  t.strictSame(blueprintChanges(before, side('web@1.0.0', web('1.0.0'), web('1.1.0'))), [
    { service: 'a', before: 'web@1.0.0', after: 'web@1.1.0' },
  ]);
  t.strictSame(blueprintChanges(before, side('web@1.0.0', web('1.0.0', 'changed'))), [
    { service: 'a', before: 'web@1.0.0', after: 'web@1.0.0' },
    { service: 'b', before: 'web@1.0.0', after: 'web@1.0.0' },
  ]);
  t.strictSame(blueprintChanges(before, before), []);
  t.strictSame(blueprintChanges(undefined, before), []);
});
