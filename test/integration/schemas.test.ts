import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blueprintSchema, compileSchema, specSchema } from '@shoal/common';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import t from 'tap';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const names = ['cluster', 'blueprint', 'agent', 'controller'] as const;
type Name = (typeof names)[number];

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function compile(name: Name): ValidateFunction {
  const schema = JSON.parse(read(`docs/schemas/${name}.schema.json`)) as object;
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  if (!ajv.validateSchema(schema)) throw new Error(`${name}: ${ajv.errorsText()}`);
  return ajv.compile(schema);
}

const validators: Readonly<Record<Name, ValidateFunction>> = {
  cluster: compile('cluster'),
  blueprint: compile('blueprint'),
  agent: compile('agent'),
  controller: compile('controller'),
};

/** What doesn't fit, a line each: place and keyword. */
function faults(name: Name, value: unknown): string[] {
  const validate = validators[name];
  validate(value);
  return [
    ...new Set((validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)),
  ];
}

/** Whole YAML examples in a page. */
function examplesOf(page: string): unknown[] {
  return [...read(page).matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, text = '']) => {
    try {
      return [parse(text)];
    } catch {
      return [];
    }
  });
}

function kindOf(value: unknown, page: string): Name | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('cluster' in value && 'services' in value) return 'cluster';
  if ('name' in value && 'version' in value && 'steps' in value) return 'blueprint';
  if (page.endsWith('configuration-agent.md')) return 'agent';
  return page.endsWith('configuration-controller.md') ? 'controller' : undefined;
}

t.test('every example fits its schema', async (t) => {
  const counts = { cluster: 0, blueprint: 0, agent: 0, controller: 0 };
  const pages = [
    'README.md',
    'docs/schemas/README.md',
    ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`),
  ];
  for (const page of pages.filter((path) => path.endsWith('.md'))) {
    for (const example of examplesOf(page)) {
      const kind = kindOf(example, page);
      if (kind === undefined) continue;
      counts[kind] += 1;
      t.strictSame(faults(kind, example), [], `${page}: ${JSON.stringify(example).slice(0, 60)}`);
    }
  }
  for (const [kind, least] of Object.entries({ cluster: 2, blueprint: 1, agent: 1, controller: 1 }))
    t.ok(counts[kind as Name] >= least, `${kind}: ${counts[kind as Name]} examples`);
  for (const file of readdirSync(join(root, 'deploy/examples')))
    if (file.endsWith('.yaml'))
      t.strictSame(faults('cluster', parse(read(`deploy/examples/${file}`))), [], file);
  for (const name of ['agent', 'controller'] as const)
    t.strictSame(faults(name, parse(read(`deploy/config/${name}.yaml`)) ?? {}), [], name);
  for (const parent of ['blueprints', 'examples/blueprints'])
    for (const folder of readdirSync(join(root, parent)))
      t.strictSame(faults('blueprint', parse(read(`${parent}/${folder}/blueprint.yaml`))), [], folder);
});

const service = (more: object) => ({
  cluster: 'shop',
  services: { web: { blueprint: 'nginx', nodes: 'all', ...more } },
});
const blueprint = (more: object) => ({
  ...{ name: 'web', version: '1.0.0', description: 'Web', parameters: {}, steps: [], process: {}, ...more },
});

t.test('what the programs refuse is marked, and where', async (t) => {
  const table: readonly (readonly [Name, object, string[]])[] = [
    ['cluster', service({}), []],
    ['cluster', service({ nodes: { site: 'x' }, needs: ['a'], perNode: { n1: { port: 81 } } }), []],
    ['cluster', { services: {} }, [' required']],
    ['cluster', service({ nodez: 'all' }), ['/services/web additionalProperties']],
    ['cluster', service({ nodes: 'al' }), ['/services/web/nodes enum', '/services/web/nodes if']],
    ['cluster', service({ needs: 'a' }), ['/services/web/needs type']],
    ['cluster', { ...service({}), rollout: { strategy: 'fast' } }, ['/rollout/strategy enum']],
    ['cluster', { ...service({}), rollout: { nodeDeadline: '5 min' } }, ['/rollout/nodeDeadline pattern']],
    // Parameters of built-in blueprints are known.
    [
      'cluster',
      service({ params: { prot: 1 } }),
      ['/services/web/params additionalProperties', '/services/web if'],
    ],
    ['cluster', service({ params: { port: 'x' } }), ['/services/web/params/port type', '/services/web if']],
    [
      'cluster',
      service({ perSite: { b: { port: 0 } } }),
      ['/services/web/perSite/b/port minimum', '/services/web if'],
    ],
    ['cluster', service({ blueprint: 'nginx@9.0.0', params: { other: 1 } }), []],
    ['cluster', service({ blueprint: 'mine', params: { other: 1 } }), []],
    ['cluster', service({ params: { body: { secret: 'page' }, upstreams: [{ secret: 'peer' }] } }), []],
    [
      'cluster',
      service({ params: { body: { secre: 'page' } } }),
      ['type', 'required', 'additionalProperties', 'anyOf']
        .map((keyword) => `/services/web/params/body ${keyword}`)
        .concat('/services/web if'),
    ],
    ['blueprint', blueprint({}), []],
    [
      'blueprint',
      blueprint({
        parameters: { port: { type: 'integer', description: 'Port', minimum: 1, examples: [2] } },
      }),
      [],
    ],
    [
      'blueprint',
      blueprint({ parameters: { port: { type: 'integer', description: 'Port', minimun: 1 } } }),
      ['/parameters/port additionalProperties'],
    ],
    ['blueprint', blueprint({ steps: [{ id: 'd', type: 'directory', path: '/srv' }] }), []],
    ['blueprint', blueprint({ healt: {} }), [' additionalProperties']],
    ['agent', { node: { name: 'web-1' }, supervisor: 'systemd' }, []],
    ['agent', { node: { nam: 'web-1' } }, ['/node additionalProperties']],
    ['agent', { stats: { interval: 'often' } }, ['/stats/interval pattern']],
    ['controller', { http: { tls: 'on' } }, ['/http/tls enum']],
    ['controller', { dataDir: 'here' }, ['/dataDir pattern']],
  ];
  for (const [name, value, expected] of table)
    t.strictSame(faults(name, value), expected, JSON.stringify(value));
  t.ok(
    faults('blueprint', blueprint({ steps: [{ id: 'd', type: 'directory', path: 'srv' }] })).includes(
      '/steps/0/path pattern',
    ),
  );
  t.ok(faults('blueprint', blueprint({ steps: [{ id: 'd', type: 'dir' }] })).length > 0);
});

t.test('published and checked schemas agree on what the table holds', async (t) => {
  const checked = { cluster: compileSchema(specSchema), blueprint: compileSchema(blueprintSchema) };
  const values: readonly (readonly ['cluster' | 'blueprint', object])[] = [
    ['cluster', service({})],
    ['cluster', service({ needs: [1] })],
    ['cluster', service({ nodes: [] })],
    ['cluster', { cluster: 'Shop', services: {} }],
    ['blueprint', blueprint({})],
    ['blueprint', blueprint({ version: '1' })],
    ['blueprint', blueprint({ steps: [{ id: 'x', type: 'file', path: '/../x' }] })],
    ['blueprint', blueprint({ logs: [{ source: 'a', parser: 'xml' }] })],
  ];
  for (const [name, value] of values)
    t.equal(faults(name, value).length === 0, checked[name].fits(value), JSON.stringify(value));
});

/** Every key of a schema, with its path. */
function* keysOf(schema: unknown, path: string): Generator<{ path: string; key: Record<string, unknown> }> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [name, member] of Object.entries(schema)) {
    if (['default', 'examples', 'enum', 'const', 'if', 'then'].includes(name)) continue;
    if (name !== 'properties' && name !== '$defs') {
      yield* keysOf(member, `${path}/${name}`);
      continue;
    }
    for (const [key, own] of Object.entries(member as Record<string, Record<string, unknown>>)) {
      if (name === 'properties') yield { path: `${path}/${key}`, key: own };
      yield* keysOf(own, `${path}/${key}`);
    }
  }
}

t.test(
  'every key is described, its default and examples fit it, and nothing is referred to elsewhere',
  async (t) => {
    for (const name of names) {
      const text = read(`docs/schemas/${name}.schema.json`);
      const schema = JSON.parse(text) as Record<string, unknown>;
      t.match(schema, {
        title: /^Shoal /,
        description: String,
        $schema: 'https://json-schema.org/draft/2020-12/schema',
      });
      for (const [, reference = ''] of text.matchAll(/"\$ref": "(.*?)"/g)) t.match(reference, /^#\/\$defs\//);
      const ajv = new Ajv2020({ strict: false });
      let described = 0;
      for (const { path, key } of keysOf(schema, '')) {
        const isInside = /params-of-[^/]+\/[^/]+\//.test(path);
        if (typeof key['description'] !== 'string' && !isInside) t.fail(`${name}${path} has no description`);
        else described += 1;
        const validate = ajv.compile({ ...key, $defs: schema['$defs'] ?? {} });
        for (const value of [key['default'], ...((key['examples'] as unknown[] | undefined) ?? [])].filter(
          (v) => v !== undefined,
        ))
          if (!validate(value)) t.fail(`${name}${path}: ${JSON.stringify(value)} doesn't fit`);
      }
      t.ok(described > 10, `${name}: ${described} keys are described`);
    }
  },
);
