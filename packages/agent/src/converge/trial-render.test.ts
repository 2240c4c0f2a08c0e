import { join } from 'node:path';
import { builtinBlueprintsDir, type LoadedBlueprint, loadBlueprints, templateNames } from '@shoal/common';
import t from 'tap';
import { templateContext } from './render/context.js';
import { trialRender } from './trial-render.js';

const blueprint = (text: string, more: Partial<LoadedBlueprint> = {}): LoadedBlueprint => ({
  name: 'web',
  version: '1.0.0',
  description: 'Web',
  parameters: {
    port: { type: 'integer', description: 'Port', minimum: 5 },
    hosts: { type: 'array', description: 'Hosts', examples: [['a:1']] },
  },
  steps: [
    {
      ...{ type: 'file', id: 'main', path: '{{ service.directory }}/web.conf' },
      template: { name: 'web.conf', text },
      validate: ['web', '{{ staged }}'],
    },
    { type: 'service', id: 'run' },
  ],
  process: { command: ['web', '{{ files.main.path }}'] },
  directory: '',
  ...more,
});

t.test('what an agent could not render is found without an agent', async (t) => {
  t.strictSame(
    await trialRender(blueprint('listen {{ params.port }} {{ params.hosts[0] }} {{ digest }}\n')),
    [],
  );
  t.match(
    await trialRender(blueprint("a\n{% if supervisor == 'process' %}{{ params.hosts.x.y }}{% endif %}")),
    [
      {
        supervisor: 'process',
        step: 'main',
        problems: [{ position: { file: 'web.conf', line: 2, column: 36 } }],
      },
    ],
  );
  t.match(await trialRender(blueprint('', { process: { command: ['{{ files.none.path }}'] } })), [
    { supervisor: 'systemd', step: 'process', problems: [{ message: /^undefined variable files.none/ }] },
    { supervisor: 'process', step: 'process' },
  ]);
  const unsafe = blueprint('', {
    steps: [{ type: 'directory', id: 'd', path: '/srv/{{ params.hosts[0] }}/..' }],
  });
  t.match(await trialRender(unsafe), [
    { step: 'd', problems: [{ message: 'expected an absolute path without "..", found "/srv/a:1/.."' }] },
    {},
  ]);
  t.match(await trialRender(blueprint('{% for i in (1..100000000) %}{{ i }}{% endfor %}')), [
    { step: 'main', problems: [{ message: /^the template / }] },
    {},
  ]);
  const mistaken = blueprint('', {
    steps: [{ type: 'file', id: 'f', path: '/f', content: 'x', validate: ['{{ files.g.staged }}'] }],
    process: {},
  });
  t.match(await trialRender(mistaken), [{ step: 'f', problems: [{ message: /files.g/ }] }, {}]);
  const sampleless = {
    parameters: { key: { type: 'string', description: 'Key', pattern: '^[0-9]{9}$' } },
  } as const;
  t.strictSame(await trialRender(blueprint('{{ x }}', sampleless)), [], 'nothing to try it with');
});

t.test('the blueprints that come with Shoal render', async (t) => {
  const examples = join(builtinBlueprintsDir(), '..', 'examples', 'blueprints');
  const all = (await loadBlueprints([builtinBlueprintsDir(), examples])).list();
  t.ok(all.length >= 2);
  for (const one of all) t.strictSame(await trialRender(one), [], one.name);
});

t.test('lint knows the names that templates are given', async (t) => {
  const facts = {
    node: { name: 'n', site: 's', address: 'a' },
    facts: {},
    members: [],
    lease: { tier: 'free' as const, limits: {} },
  };
  const service = { name: 's', params: {} } as unknown as Parameters<typeof templateContext>[0];
  const pools = { last: () => undefined, took: () => {} };
  const context = templateContext(service, facts, {
    ...{ supervisor: 'process', directory: '/d', pools, sizeOf: () => 1 },
  });
  const { params: _, ...given } = context;
  t.strictSame(Object.keys(given).sort(), Object.keys(templateNames).sort());
  for (const [name, members] of Object.entries(templateNames)) {
    if (members === null || members.length === 0) continue;
    t.strictSame(Object.keys(context[name] as object).sort(), [...members].sort(), name);
  }
});
