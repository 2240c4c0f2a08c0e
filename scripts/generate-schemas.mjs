// Generates docs/schemas/ from the schemas that the programs themselves check by, with the words of scripts/schema-notes/: for
// editors. `--check` fails when the two have drifted, when a key has no words, or when words have no key.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const target = join(root, 'docs/schemas');
const { parse } = createRequire(join(root, 'packages/common/package.json'))('yaml');

execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/agent', 'packages/controller'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const common = await import(join(root, 'packages/common/dist/index.js'));
const agent = await import(join(root, 'packages/agent/dist/config.js'));
const controller = await import(join(root, 'packages/controller/dist/config.js'));

/** Keywords that only our own checks know, or that say what `title` and notes say. */
const dropped = new Set(['expected', 'discriminator']);
const subschemas = new Set(['if', 'then', 'else', 'not', 'propertyNames']);

/** What turns one schema of the code into one for editors. */
class Converter {
  constructor(name, defaults = {}) {
    this.file = `scripts/schema-notes/${name}.yaml`;
    this.notes = parse(readFileSync(join(root, this.file), 'utf8'));
    this.defaults = defaults;
    this.unused = new Set(Object.keys(this.notes));
    this.missing = [];
  }

  /** `path`: keys joined by dots; `*` for any key, `[]` for entries of a list. */
  convert(schema, path) {
    const out = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (dropped.has(keyword)) continue;
      if (keyword === 'properties') out.properties = this.properties(value, path);
      else if (keyword === 'additionalProperties' && typeof value === 'object')
        out.additionalProperties = this.convert(value, join2(path, '*'));
      else if (keyword === 'items') out.items = this.convert(value, `${path}[]`);
      else if (['oneOf', 'anyOf', 'allOf'].includes(keyword))
        out[keyword] = value.map((branch) => this.convert(branch, branchPath(branch, path)));
      else if (subschemas.has(keyword)) out[keyword] = this.convert(value, path);
      else out[keyword] = value;
    }
    return out;
  }

  properties(properties, path) {
    return Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => {
        const own = join2(path, key);
        return [key, { ...this.noted(own, schema), ...this.convert(schema, own) }];
      }),
    );
  }

  /** Description, default and examples of a key: its own note, else that of the same key in any step. */
  noted(path, schema) {
    const shared = path.replace(/^(steps\[\])\.\w+\./, '$1.*.');
    const found = [path, shared].find((candidate) => this.notes[candidate] !== undefined);
    if (found === undefined) {
      this.missing.push(path);
      return {};
    }
    this.unused.delete(found);
    const note = this.notes[found];
    const { description, ...rest } = typeof note === 'string' ? { description: note } : note;
    const expected = schema.expected === undefined ? '' : ` Expected: ${schema.expected}.`;
    const preset = path.split('.').reduce((value, key) => value?.[key], this.defaults);
    const known = preset === undefined || isMapping(preset) ? {} : { default: preset };
    return { description: `${description}${expected}`, ...known, ...rest };
  }

  complaints() {
    return [
      ...this.missing.map((path) => `${this.file}: no words for "${path}"`),
      ...[...this.unused].map((path) => `${this.file}: words for "${path}", which is no key`),
    ];
  }
}

function isMapping(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join2(path, key) {
  return path === '' ? key : `${path}.${key}`;
}

/** The alternatives of a step are told apart by their type. */
function branchPath(branch, path) {
  const type = branch.properties?.type?.const;
  return type === undefined ? path : join2(path, type);
}

function document(title, description, schema) {
  const id = `urn:shoal:schema:${title.toLowerCase().replaceAll(' ', '-')}`;
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: id, title, description, ...schema };
}

/** Where a text may stand, so may a reference to a secret. */
function orSecret(schema) {
  const own = { ...schema };
  if (own.items !== undefined) own.items = orSecret(own.items);
  if (own.properties !== undefined)
    own.properties = Object.fromEntries(Object.entries(own.properties).map(([k, v]) => [k, orSecret(v)]));
  if (isMapping(own.additionalProperties)) own.additionalProperties = orSecret(own.additionalProperties);
  if (![own.type].flat().includes('string')) return own;
  const { description, default: preset, examples, ...rest } = own;
  const about = Object.entries({ description, default: preset, examples }).filter(([, v]) => v !== undefined);
  return { ...Object.fromEntries(about), anyOf: [rest, { $ref: '#/$defs/secret' }] };
}

/** A parameter as the cluster's schema has it: the blueprint's own keywords left out. */
function parameter(schema) {
  const strip = (value) => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isMapping(value)) return value;
    const kept = Object.entries(value).filter(([key]) => !['expected', 'secret'].includes(key));
    const words =
      typeof value.expected === 'string' && value.description === undefined
        ? { description: `Expected: ${value.expected}.` }
        : {};
    return {
      ...words,
      ...Object.fromEntries(kept.map(([key, member]) => [key, key === 'default' ? member : strip(member)])),
    };
  };
  return orSecret(strip(schema));
}

/** The parameters of the newest version of each built-in blueprint, and what a service of it may set. */
async function builtins() {
  const set = await common.loadBlueprints([join(root, 'blueprints')]);
  const names = [...new Set(set.list().map(({ name }) => name))];
  const defs = {};
  const branches = [];
  for (const name of names) {
    const { version, description, parameters } = set.get(name);
    const key = `params-of-${name}`;
    defs[key] = {
      description: `Parameters of ${name}@${version}: ${description}.`,
      type: 'object',
      properties: Object.fromEntries(Object.entries(parameters).map(([p, schema]) => [p, parameter(schema)])),
      additionalProperties: false,
    };
    const params = { $ref: `#/$defs/${key}` };
    const some = { additionalProperties: params };
    branches.push({
      if: {
        properties: {
          blueprint: { type: 'string', pattern: `^${name}(@${version.replaceAll('.', '\\.')})?$` },
        },
        required: ['blueprint'],
      },
      // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema
      then: { properties: { params, perSite: some, perNode: some } },
    });
  }
  return { names, defs, branches };
}

async function clusterSchema(converter) {
  const schema = converter.convert(common.specSchema, '');
  const { names, defs, branches } = await builtins();
  const service = schema.properties.services.additionalProperties;
  service.properties.blueprint.examples = names;
  service.allOf = branches;
  defs.secret = {
    description: 'A secret in the place of a text: `shoal secret set NAME` gives it its value.',
    type: 'object',
    properties: {
      secret: { type: 'string', pattern: common.secretNamePattern, description: 'Name of the secret.' },
    },
    required: ['secret'],
    additionalProperties: false,
  };
  return { ...schema, $defs: defs };
}

/** A parameter's schema is JSON Schema itself; the code judges it by compiling it, an editor by these. */
function blueprintSchema(converter) {
  const count = { type: 'integer', minimum: 0 };
  const number = { type: 'number' };
  const keywords = {
    default: {},
    examples: { type: 'array' },
    expected: { type: 'string' },
    enum: { type: 'array', minItems: 1 },
    const: {},
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    multipleOf: number,
    pattern: { type: 'string' },
    minLength: count,
    maxLength: count,
    items: { type: 'object' },
    minItems: count,
    maxItems: count,
    uniqueItems: { type: 'boolean' },
    properties: { type: 'object' },
    required: { type: 'array', items: { type: 'string' } },
    additionalProperties: { type: ['boolean', 'object'] },
    propertyNames: { type: 'object' },
    minProperties: count,
    maxProperties: count,
  };
  const { properties, ...rest } = common.blueprintSchema;
  const { additionalProperties: one, ...parameters } = properties.parameters;
  const known = { ...one, properties: { ...one.properties, ...keywords }, additionalProperties: false };
  return converter.convert(
    { ...rest, properties: { ...properties, parameters: { ...parameters, additionalProperties: known } } },
    '',
  );
}

async function generate() {
  const cluster = new Converter('cluster');
  const blueprint = new Converter('blueprint');
  const agentConfig = new Converter('agent', agent.agentConfigDefaults());
  const controllerConfig = new Converter('controller', controller.controllerConfigDefaults);
  // What depends on the host that generates is no default.
  for (const machines of ['node.name', 'supervisor']) {
    const [first, second] = machines.split('.');
    if (second === undefined) delete agentConfig.defaults[first];
    else delete agentConfig.defaults[first][second];
  }
  const schemas = {
    cluster: document(
      'Shoal cluster',
      'cluster.yaml: which services run on which nodes.',
      await clusterSchema(cluster),
    ),
    blueprint: document(
      'Shoal blueprint',
      'blueprint.yaml: the reusable definition of a service.',
      blueprintSchema(blueprint),
    ),
    agent: document(
      'Shoal agent',
      "agent.yaml: the agent's configuration.",
      agentConfig.convert(agent.agentConfigSchema, ''),
    ),
    controller: document(
      'Shoal controller',
      "controller.yaml: the controller's configuration.",
      controllerConfig.convert(controller.controllerConfigSchema, ''),
    ),
  };
  const converters = [cluster, blueprint, agentConfig, controllerConfig];
  return { schemas, complaints: converters.flatMap((converter) => converter.complaints()) };
}

const { schemas, complaints } = await generate();
const isCheck = process.argv.includes('--check');
mkdirSync(target, { recursive: true });
for (const [name, schema] of Object.entries(schemas)) {
  const path = join(target, `${name}.schema.json`);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (!isCheck) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text)
    complaints.push(`docs/schemas/${name}.schema.json is stale: run "npm run gen"`);
}
if (complaints.length > 0) {
  console.error(complaints.join('\n'));
  process.exitCode = 1;
} else if (!isCheck) console.log(`Wrote ${Object.keys(schemas).length} files to docs/schemas`);
