import { join } from 'node:path';
import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { formatDuration, parseDuration } from './duration.js';
import { nearest } from './nearest.js';
import { formatProblems } from './problems.js';
import { readConfig } from './read-config.js';
import { validate } from './validate.js';
import type { JsonSchema, Validator } from './validator.js';
import { compileSchema } from './validator.js';
import { maxYamlBytes, parseYaml } from './yaml-document.js';

/** What people would read, or `fine`. */
async function complaint(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'fine';
  } catch (thrown) {
    if (!ShoalError.is(thrown)) throw thrown;
    return formatProblems(thrown);
  }
}

t.test('durations are read and written as people do', async (t) => {
  const table: readonly (readonly [string, number])[] = [
    ['0s', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
  ];
  for (const [text, ms] of table) t.equal(parseDuration(text), ms, text);
  for (const text of ['', '10', 's', '-1s', '1 s', '1w', '1s ', '1e3s']) {
    t.throws(() => parseDuration(text), { code: 'invalid_input' }, JSON.stringify(text));
  }
  t.equal(formatDuration(90_061_500), '1d1h1m1s500ms');
  t.equal(formatDuration(300_000), '5m');
  t.equal(formatDuration(0.4), '0s');
  t.equal(formatDuration(Number.NaN), '0s');
});

t.test('the nearest word is found, but only when it is near', async (t) => {
  const words = ['blueprint', 'nodes', 'params', 'port'];
  t.equal(nearest('blueprnt', words), 'blueprint');
  t.equal(nearest('prot', words), 'port', 'swapped letters');
  t.equal(nearest('NODES', words), 'nodes', 'case');
  t.equal(nearest('replicas', words), undefined);
  t.equal(nearest('x', words), undefined);
});

t.test('YAML that cannot be used is refused with its place', async (t) => {
  const deep = '['.repeat(100_000);
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', 'b: &b [*a,*a,*a,*a,*a,*a,*a]', 'c: &c [*b,*b,*b,*b,*b,*b]'];
  const table: readonly (readonly [string, string])[] = [
    [
      'a: 1\nb: [1',
      'x.yaml:2:6: YAML syntax: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a:\n\t- x', 'x.yaml:2:1: YAML syntax: Tabs are not allowed as indentation'],
    ['a: 1\nb: 2\n"a": 3\nb: 4', 'x.yaml:3:1: duplicate key "a"\nx.yaml:4:1: duplicate key "b"'],
    ['a: 1\n---\nb: 2', 'x.yaml:2:1: expected one document, found several'],
    ['a: !python 1', 'x.yaml:1:4: YAML syntax: Unresolved tag: !python'],
    ['a: *nowhere', 'x.yaml:1:4: unknown alias *nowhere'],
    [
      [...bomb, 'd: [*c,*c,*c,*c,*c]'].join('\n'),
      'x.yaml:1:1: aliases expand to too much: at most 100 are resolved',
    ],
  ];
  for (const [text, expected] of table)
    t.equal(await complaint(() => parseYaml(text, 'x.yaml')), expected, text);
  t.match(await complaint(() => parseYaml(deep, 'x.yaml')), /^x\.yaml:1:\d+: nested too deeply$/);
  const large = `a: ${'x'.repeat(maxYamlBytes)}`;
  t.equal(
    await complaint(() => parseYaml(large, 'x.yaml')),
    `x.yaml: ${large.length} bytes, expected at most 4194304`,
  );
});

t.test('positions of keys and values', async (t) => {
  const document = parseYaml('a: &x\n  - b: 1\n  - c:\n"d e": *x\nf: *x\n', 'x.yaml');
  t.strictSame(document.value, {
    a: [{ b: 1 }, { c: null }],
    'd e': [{ b: 1 }, { c: null }],
    f: [{ b: 1 }, { c: null }],
  });
  const at = (path: (string | number)[], part?: 'key' | 'value') => {
    const { line, column } = document.positionOf(path, part);
    return `${line}:${column}`;
  };
  t.equal(at(['a', 0, 'b'], 'key'), '2:5');
  t.equal(at(['a', 0, 'b']), '2:8');
  t.equal(at(['d e'], 'key'), '4:1');
  t.equal(at(['f', 0, 'b']), '2:8', 'through an alias');
  t.equal(at(['a', 1, 'nothing', 'there']), '3:5', 'nearest ancestor');
  t.equal(at([]), '1:1');
});

interface Example {
  readonly port: number;
  readonly cluster?: { readonly token?: string };
}

const schema: JsonSchema = {
  type: 'object',
  properties: {
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    level: { type: 'string', enum: ['info', 'warn'] },
    dataDir: { type: 'string', minLength: 1 },
    seeds: { type: 'array', items: { type: 'string' }, uniqueItems: true, maxItems: 3 },
    verbose: { type: 'boolean' },
    every: { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^[0-9]+s$' }], expected: 'seconds' },
    either: { type: ['string', 'null'] },
    cluster: {
      type: 'object',
      properties: { token: { type: 'string' }, controller: { type: 'string', pattern: '^.+:[0-9]+$' } },
      additionalProperties: false,
    },
    labels: { type: 'object', propertyNames: { pattern: '^[a-z]+$', expected: 'lower case' } },
    steps: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type'],
        discriminator: { propertyName: 'type' },
        oneOf: ['exec', 'file'].map((type) => ({
          properties: { type: { const: type } },
          required: ['type'],
        })),
      },
    },
  },
  required: ['port'],
  additionalProperties: false,
};
const validator: Validator<Example> = compileSchema<Example>(schema);

t.test('what does not fit a schema is told at its place, in plain words', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['prot: 1', 'c.yaml:1:1: unknown key "prot"; did you mean "port"?'],
    [
      'port: 1\nwhatever: 1',
      'c.yaml:2:1: unknown key "whatever"; expected one of port, level, dataDir, seeds, verbose, every, either, cluster, labels, steps',
    ],
    ['port: 1\ncluster: {tokn: x}', 'c.yaml:2:11: unknown key "tokn" in cluster; did you mean "token"?'],
    ['level: info', 'c.yaml:1:1: missing key "port"'],
    ['port: "80"', 'c.yaml:1:7: port: expected an integer, found string "80"'],
    ['port: 70000', 'c.yaml:1:7: port: expected a number <= 65535, found number 70000'],
    ['port:', 'c.yaml:1:6: port: expected an integer, found nothing'],
    ['port: [1]', 'c.yaml:1:7: port: expected an integer, found a list'],
    [
      'port: 1\nlevel: wrn',
      'c.yaml:2:8: level: expected one of "info", "warn", found string "wrn"; did you mean "warn"?',
    ],
    ['port: 1\ndataDir: ""', 'c.yaml:2:10: dataDir: expected at least 1 characters, found string ""'],
    ['port: 1\nseeds: [a, b, a]', 'c.yaml:2:15: seeds[2]: duplicate entry "a"'],
    ['port: 1\nseeds: [a, b, c, d]', 'c.yaml:2:8: seeds: expected at most 3 entries, found a list'],
    ['port: 1\nseeds:\n  - 5', 'c.yaml:3:5: seeds[0]: expected a string, found number 5'],
    ['port: 1\nverbose: yes', 'c.yaml:2:10: verbose: expected true or false, found string "yes"'],
    ['port: 1\nevery: soon', 'c.yaml:2:8: every: expected seconds, found string "soon"'],
    ['port: 1\neither: 5', 'c.yaml:2:9: either: expected a string or nothing, found number 5'],
    [
      'port: 1\ncluster: {controller: x}',
      'c.yaml:2:23: cluster.controller: expected text that matches ^.+:[0-9]+$, found string "x"',
    ],
    ['port: 1\ncluster: {token: 12345}', 'c.yaml:2:18: cluster.token: expected a string, found a number'],
    ['port: 1\nlabels: {Az: 1}', 'c.yaml:2:10: bad key "Az" in labels: expected lower case'],
    [
      'port: 1\nsteps: [{type: fil}]',
      'c.yaml:2:16: steps[0].type: expected one of "exec", "file", found string "fil"; did you mean "file"?',
    ],
    ['port: 1\nsteps: [{}]', 'c.yaml:2:9: missing key "type" in steps[0]'],
    ['- port', 'c.yaml:1:1: expected a mapping, found a list'],
    ['', 'c.yaml:1:1: expected a mapping, found nothing'],
    ['port: 1', 'fine'],
  ];
  for (const [text, expected] of table) {
    t.equal(await complaint(() => validate(parseYaml(text, 'c.yaml'), validator)), expected, text);
  }
});

t.test('an error names the first problem and counts the others, in the order of the text', async (t) => {
  const text = 'level: x\nport: "1"\nnope: 1\n';
  try {
    validate(parseYaml(text, 'c.yaml'), validator);
    t.fail('accepted');
  } catch (thrown) {
    const { message, problems, code } = ShoalError.from(thrown);
    t.equal(message, 'c.yaml:1:8: level: expected one of "info", "warn", found string "x" (and 2 more)');
    t.equal(code, 'invalid_input');
    t.strictSame(
      problems.map(({ path }) => path),
      ['/level', '/port', '/nope'],
    );
    t.strictSame(problems[1]?.position, { file: 'c.yaml', line: 2, column: 7 });
  }
});

t.test('configuration: flags before environment before file before defaults', async (t) => {
  const dir = t.testdir({
    'a.yaml': 'port: 2\nlevel: warn\ncluster:\n  token: file\nseeds: [x]\n',
    'empty.yaml': '# nothing\n',
  });
  const file = join(dir, 'a.yaml');
  const defaults = { port: 1, level: 'info', verbose: false, cluster: { controller: 'c:1' } };
  t.strictSame(await readConfig({ validator, defaults }), defaults);
  t.strictSame(await readConfig({ validator, defaults, file: join(dir, 'empty.yaml') }), defaults);
  t.strictSame(await readConfig({ validator, defaults, file: join(dir, 'none.yaml') }), defaults);
  const values = {
    X_PORT: '3',
    X_SEEDS: 'p, q',
    X_CLUSTER_TOKEN: '007',
    X_VERBOSE: 'true',
    X_DATA_DIR: '/d',
    OTHER: '1',
  };
  const config = await readConfig({
    validator,
    defaults,
    file,
    env: { prefix: 'X_', values },
    flags: { port: '4', 'cluster.controller': undefined },
  });
  t.strictSame(config, {
    port: 4,
    level: 'warn',
    verbose: true,
    cluster: { controller: 'c:1', token: '007' },
    seeds: ['p', 'q'],
    dataDir: '/d',
  });
});

t.test('faulty configuration names file and place, variable or flag', async (t) => {
  const dir = t.testdir({ 'a.yaml': 'port: 2\nlevl: warn\n' });
  const file = join(dir, 'a.yaml');
  const values = { X_PRT: '3', X_CLUSTER_TOKN: 's3cret', X_VERBOSE: 'maybe', X_LEVEL: 'loud' };
  const found = await complaint(() =>
    readConfig({ validator, file, env: { prefix: 'X_', values }, flags: { port: 'many', dataDr: '/d' } }),
  );
  t.strictSame(found.replaceAll(dir, '').split('\n').sort(), [
    '--set port: expected an integer, found string "many"',
    '/a.yaml:2:1: unknown key "levl"; did you mean "level"?',
    'X_LEVEL: level: expected one of "info", "warn", found string "loud"',
    'X_VERBOSE: verbose: expected true or false, found string "maybe"',
    'unknown environment variable X_CLUSTER_TOKN; did you mean "X_CLUSTER_TOKEN"?',
    'unknown environment variable X_PRT; did you mean "X_PORT"?',
    'unknown key "dataDr" of --set; did you mean "dataDir"?',
  ]);
  t.notMatch(found, /s3cret/);
  await t.rejects(readConfig({ validator, file: join(dir, 'b.yaml'), fileRequired: true }), {
    code: 'not_found',
    message: `configuration file ${join(dir, 'b.yaml')} doesn't exist`,
  });
  await t.rejects(readConfig({ validator, file: dir }), { code: 'failed_precondition', message: /EISDIR/ });
});
