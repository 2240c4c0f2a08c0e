import t from 'tap';
import type { Blueprint } from '../blueprint/blueprint.js';
import { createBlueprintSet } from '../blueprint/blueprint-set.js';
import { formatProblems } from '../config/problems.js';
import { parseYaml } from '../config/yaml-document.js';
import { ShoalError } from '../errors/shoal-error.js';
import { canonicalJson } from '../identity/canonical-json.js';
import { diffSpecs } from '../spec/diff-specs.js';
import { parseSpec } from '../spec/parse-spec.js';
import { checkSpec } from './check-spec.js';
import { compileManifest, placementOf } from './compile-manifest.js';
import type { Manifest } from './manifest.js';
import { contentHash, contentOfPayload, manifestHash, manifestPayload } from './manifest-content.js';
import { nodeRanks } from './node-ranks.js';

const web: Blueprint = {
  name: 'web',
  version: '1.0.0',
  description: 'A web server',
  parameters: {
    port: { type: 'integer', description: 'Port', default: 80, minimum: 1 },
    root: { type: 'string', description: 'Directory that is served' },
    pool: {
      type: 'array',
      description: 'Pool',
      default: [],
      items: { type: 'object', properties: { host: { type: 'string' } } },
    },
    paths: {
      type: 'object',
      description: 'Paths',
      default: {},
      propertyNames: { pattern: '^/', expected: 'a path' },
      additionalProperties: {
        type: 'object',
        properties: {
          to: { type: 'string', pattern: '^[a-z]+$', expected: 'a name of small letters' },
          mode: { type: 'string', enum: ['strict', 'loose'] },
          retries: { type: 'array', items: { type: 'integer', maximum: 9 }, uniqueItems: true, maxItems: 3 },
        },
        required: ['to'],
        additionalProperties: false,
      },
    },
  },
  steps: [
    { type: 'file', id: 'f', path: '/f', template: { name: 'f.liquid', text: 'x' } },
    { type: 'service', id: 'run' },
  ],
  process: { unit: 'web.service' },
};
const blueprints = createBlueprintSet([{ ...web, directory: '/b/web' }]);
const nodes = [
  { name: 'n1', site: 'north' },
  { name: 'n2', site: 'south' },
];

function complaint(text: string): string {
  try {
    checkSpec(parseSpec(text, 'cluster.yaml'), blueprints, { nodes }, parseYaml(text, 'cluster.yaml'));
    return 'fine';
  } catch (thrown) {
    return formatProblems(ShoalError.from(thrown));
  }
}

const spec = (service: string, rest = '') =>
  `cluster: demo\nservices:\n  web:\n${service.replace(/^/gm, '    ')}\n${rest}`;

t.test('faulty specs are told with file, line and column', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    [
      'cluster: demo\nservices:\n  web:\n    nodes: all\n    blueprnt: web\n',
      'cluster.yaml:5:5: unknown key "blueprnt" in services.web; did you mean "blueprint"?',
    ],
    ['services: {}\ncluser: x', 'cluster.yaml:2:1: unknown key "cluser"; did you mean "cluster"?'],
    [
      'cluster: A B\nservices: {}',
      `cluster.yaml:1:10: cluster: expected the cluster's name: 1 to 63 of a-z, 0-9, '-' and '.', found string "A B"`,
    ],
    [
      'cluster: a\nservices:\n  Web: {blueprint: web, nodes: all}',
      `cluster.yaml:3:3: bad key "Web" in services: expected a service's name: 1 to 63 of a-z, 0-9 and '-', beginning with a letter`,
    ],
    [
      'cluster: a\nservices: {}\nrollout: {nodeDeadline: 5 minutes}',
      'cluster.yaml:3:25: rollout.nodeDeadline: expected a length of time such as 500ms, 10s, 5m, 24h or 7d, found string "5 minutes"',
    ],
    [
      spec('blueprint: web\nnodes: al'),
      'cluster.yaml:5:12: services.web.nodes: expected "all", found string "al"; did you mean "all"?',
    ],
    [
      spec('blueprint: web\nnodes: 3'),
      'cluster.yaml:5:12: services.web.nodes: expected "all", a list of node names, or a mapping {site: name}, found number 3',
    ],
    [
      spec('blueprint: web\nnodes: {sit: x}'),
      'cluster.yaml:5:13: unknown key "sit" in services.web.nodes; did you mean "site"?',
    ],
    [
      spec('blueprint: web\nnodes: [n1, n2, n1]\nparams: {root: /}'),
      'cluster.yaml:5:21: services.web.nodes[2]: duplicate entry "n1"',
    ],
    [spec('blueprint: wbe\nnodes: all'), 'cluster.yaml:4:16: unknown blueprint "wbe"; did you mean "web"?'],
    [spec('blueprint: mail\nnodes: all'), 'cluster.yaml:4:16: unknown blueprint "mail"; there is web'],
    [
      spec('blueprint: web@2.0.0\nnodes: all'),
      'cluster.yaml:4:16: blueprint "web" has no version 2.0.0; there is 1.0.0',
    ],
    [
      spec('blueprint: web\nnodes: [n3]\nparams: {root: /}'),
      'cluster.yaml:5:13: unknown node "n3"; did you mean "n1"?',
    ],
    [
      spec('blueprint: web\nnodes: {site: nort}\nparams: {root: /}'),
      'cluster.yaml:5:19: unknown site "nort"; did you mean "north"?',
    ],
    [
      `${spec('blueprint: web\nnodes: all\nparams: {root: /}')}\nrollout: {order: [nort], canary: {nodes: [n3]}}`,
      'cluster.yaml:8:19: unknown site "nort"; did you mean "north"?\ncluster.yaml:8:43: unknown node "n3"; did you mean "n1"?',
    ],
    [
      spec('blueprint: web\nnodes: all\nparams: {root: /}\nperNode: {m9: {}}'),
      'cluster.yaml:7:15: unknown node "m9"; there is n1, n2',
    ],
    [
      spec('blueprint: web\nnodes: all\nparams: {root: /, prot: 1}'),
      'cluster.yaml:6:23: unknown parameter "prot" of blueprint "web"; did you mean "port"?',
    ],
    [
      spec('blueprint: web\nnodes: all\nparams: {root: /, port: "80"}'),
      'cluster.yaml:6:29: services.web.params.port: expected an integer, found string "80"',
    ],
    [
      spec('blueprint: web\nnodes: all\nparams: {root: /}\nperSite:\n  south: {pool: [{host: 5}]}'),
      'cluster.yaml:8:29: services.web.perSite.south.pool[0].host: expected a string, found number 5',
    ],
    ...(
      [
        [
          '{/a: {to: x1}}',
          '6:40: services.web.params.paths["/a"].to: expected a name of small letters, found string "x1"',
        ],
        [
          '{/a: {to: x, mode: strct}}',
          '6:49: services.web.params.paths["/a"].mode: expected one of "strict", "loose", found string "strct"; did you mean "strict"?',
        ],
        [
          '{/a: {to: x, retries: [1, 12]}}',
          '6:56: services.web.params.paths["/a"].retries[1]: expected a number <= 9, found number 12',
        ],
        [
          '{/a: {to: x, retries: [1, 1]}}',
          '6:56: services.web.params.paths["/a"].retries[1]: duplicate entry number 1',
        ],
        [
          '{/a: {to: x, mod: 1}}',
          '6:43: unknown key "mod" in services.web.params.paths["/a"]; did you mean "mode"?',
        ],
        ['{/a: {}}', '6:31: missing key "to" in services.web.params.paths["/a"]'],
        ['{a: {to: x}}', '6:31: bad key "a" in services.web.params.paths: expected a path'],
        ['[]', '6:30: services.web.params.paths: expected a mapping, found an empty list'],
      ] as const
    ).map(([paths, expected]): readonly [string, string] => [
      spec(`blueprint: web\nnodes: all\nparams: {root: /, paths: ${paths}}`),
      `cluster.yaml:${expected}`,
    ]),
    [
      spec('blueprint: web\nnodes: all'),
      'cluster.yaml:3:3: missing parameter "root" of blueprint "web": Directory that is served',
    ],
    [
      spec('blueprint: web\nnodes: all\nperNode: {n1: {root: /}}'),
      'cluster.yaml:3:3: missing parameter "root" of blueprint "web" on n2: Directory that is served',
    ],
    [
      spec(
        'blueprint: web\nnodes: all\nneeds: [auht]\nparams: {root: /}',
        '  auth: {blueprint: web, nodes: all, params: {root: /}}',
      ),
      'cluster.yaml:6:13: unknown service "auht"; did you mean "auth"?',
    ],
    [
      spec('blueprint: web\nnodes: all\nneeds: [web]\nparams: {root: /}'),
      'cluster.yaml:6:13: services need each other in a circle: web -> web',
    ],
    [
      spec(
        'blueprint: web\nnodes: all\nneeds: [a]\nparams: {root: /}',
        '  a: {blueprint: web, nodes: all, params: {root: /}, needs: [c, b]}\n  c: {blueprint: web, nodes: all, params: {root: /}}\n  b: {blueprint: web, nodes: all, params: {root: /}, needs: [a]}',
      ),
      'cluster.yaml:8:65: services need each other in a circle: a -> b -> a',
    ],
    [
      spec('blueprint: web\nnodes: all\nneeds: web'),
      'cluster.yaml:6:12: services.web.needs: expected a list, found string "web"',
    ],
    [spec('blueprint: web\nnodes: [n1]\nperNode: {n1: {root: /}}'), 'fine'],
    [spec('blueprint: web@1.0.0\nnodes: {site: south}\nparams: {root: /}'), 'fine'],
  ];
  for (const [text, expected] of table) t.equal(complaint(text), expected, text);
});

t.test('a manifest holds what its node needs: defaults, then params, site, node', async (t) => {
  const text = spec(
    'blueprint: web\nnodes: all\nparams: {root: /a, pool: [{host: x}]}\nperSite: {south: {root: /b, port: 81}}\nperNode: {n2: {port: 82}}',
    '  only:\n    blueprint: web\n    nodes: {site: north}\n    params: {root: /}\n',
  );
  const common = { spec: parseSpec(text, 's'), blueprints, clusterId: 'c-1', revision: 7 };
  const [n1, n2] = nodes.map((node) => compileManifest({ ...common, node }));
  t.match(n1, { format: 1, clusterId: 'c-1', node: 'n1', revision: 7 });
  t.strictSame(
    n1?.services.map(({ name }) => name),
    ['web', 'only'],
  );
  t.strictSame(
    n2?.services.map(({ name }) => name),
    ['web'],
  );
  t.strictSame(n1?.services[0]?.params, { port: 80, root: '/a', pool: [{ host: 'x' }], paths: {} });
  t.strictSame(n2?.services[0], {
    name: 'web',
    blueprint: 'web',
    blueprintVersion: '1.0.0',
    params: { port: 82, root: '/b', pool: [{ host: 'x' }], paths: {} },
    variables: {},
    steps: web.steps,
    process: web.process,
    health: null,
    metrics: [],
    logs: [],
  });
});

t.test('services come after those that they need, nodes after those that run what theirs need', async (t) => {
  const service = (needs: readonly string[], nodes: readonly string[] | 'all') => ({
    blueprint: 'web',
    nodes,
    needs,
    params: { root: '/' },
  });
  const services = {
    lb: service(['gateway'], ['l1', 'both']),
    logs: service([], 'all'),
    gateway: service(['auth', 'cache'], ['g1', 'g2', 'both']),
    cache: service([], []),
    auth: service(['cache'], ['a1', 'g2']),
  };
  const places = ['l1', 'g1', 'both', 'g2', 'a1', 'idle'].map((name) => ({ name, site: 's' }));
  const sources = { blueprints, clusterId: 'c', revision: 1, spec: { cluster: 'd', services } };
  const order = (name: string) =>
    compileManifest({ ...sources, node: { name, site: 's' } }).services.map((one) => one.name);
  t.strictSame(order('both'), ['gateway', 'lb', 'logs']);
  t.strictSame(order('g2'), ['auth', 'gateway', 'logs']);
  t.strictSame(order('idle'), ['logs']);

  t.strictSame(Object.fromEntries(nodeRanks({ services }, places)), {
    ...{ idle: 0, a1: 0, g2: 1, g1: 2, both: 3, l1: 4 },
  });
  const circle = { a: service([], ['x', 'y']), b: service(['a'], ['x', 'y', 'z']), c: service(['b'], ['w']) };
  t.strictSame(
    Object.fromEntries(
      nodeRanks(
        { services: { ...circle, more: service([], ['x']) } },
        ['w', 'z', 'y', 'x'].map((name) => ({ name, site: 's' })),
      ),
    ),
    { x: 0, y: 0, z: 1, w: 2 },
    'nodes that need each other come together, those that need them after',
  );
  const middle = { ...circle, b: service(['a'], []) };
  t.strictSame(
    Object.fromEntries(
      nodeRanks({ services: middle }, [
        { name: 'w', site: 's' },
        { name: 'x', site: 's' },
      ]),
    ),
    { x: 0, w: 1 },
    'over a service that runs nowhere',
  );
});

t.test('a manifest that would not fit is not made', async (t) => {
  const service = { blueprint: 'web', nodes: 'all', params: { port: 0 } } as const;
  const sources = { blueprints, clusterId: 'c', node: { name: 'n1', site: 'x' }, revision: 1 };
  const compile = () =>
    compileManifest({
      ...sources,
      spec: { cluster: 'd', services: { web: service, x: { blueprint: 'y', nodes: 'all' } } },
    });
  t.throws(compile, {
    code: 'invalid_input',
    problems: [
      { message: 'services.web.params.port: expected a number >= 1, found number 0' },
      { message: 'services.web.params.root: missing, and blueprint "web" has no default' },
      { message: 'services.x: unknown blueprint "y"' },
    ],
  });
});

t.test('the hash is of the content alone', async (t) => {
  const text = spec('blueprint: web\nnodes: all\nparams: {root: /a}');
  const common = { blueprints, clusterId: 'c-1' };
  const compile = (yaml: string, node: number, revision: number) =>
    compileManifest({
      ...common,
      spec: parseSpec(yaml, 's'),
      node: nodes[node] ?? { name: '', site: '' },
      revision,
    });
  const hash = manifestHash(compile(text, 0, 1));
  t.match(hash, /^[0-9a-f]{64}$/);
  t.equal(manifestHash(compile(text, 1, 2)), hash);
  t.equal(manifestHash(JSON.parse(JSON.stringify(compile(text, 0, 1)))), hash, 'after the wire');
  t.not(manifestHash(compile(text.replace('/a', '/b'), 0, 1)), hash);
});

t.test('the difference of two specs, value by value', async (t) => {
  const before = parseSpec(
    'cluster: a\nservices:\n  web: {blueprint: web, nodes: [n1], params: {port: 1, root: /}}\n  old: {blueprint: web, nodes: all}\n',
    's',
  );
  const after = parseSpec(
    'cluster: a\nrollout: {nodeDeadline: 1m}\nservices:\n  web: {blueprint: web, nodes: [n1, n2], params: {root: /, tls: true}, perNode: {n.2: {port: 2}}}\n  new: {blueprint: web, nodes: all}\n',
    's',
  );
  t.strictSame(diffSpecs(before, after), [
    { kind: 'changed', path: 'services.web.nodes', before: ['n1'], after: ['n1', 'n2'] },
    { kind: 'removed', path: 'services.web.params.port', before: 1 },
    { kind: 'added', path: 'services.web.params.tls', after: true },
    { kind: 'added', path: 'services.web.perNode', after: { 'n.2': { port: 2 } } },
    { kind: 'removed', path: 'services.old', before: { blueprint: 'web', nodes: 'all' } },
    { kind: 'added', path: 'services.new', after: { blueprint: 'web', nodes: 'all' } },
    { kind: 'added', path: 'rollout', after: { nodeDeadline: '1m' } },
  ]);
  t.strictSame(diffSpecs(after, after), []);
  t.strictSame(
    diffSpecs(undefined, before).map(({ kind, path }) => `${kind} ${path}`),
    ['added cluster', 'added services.web', 'added services.old'],
  );
  const renamed = parseSpec(
    'cluster: a\nservices:\n  web: {blueprint: web, nodes: all, perNode: {n.2: {port: 3}}}',
    's',
  );
  t.strictSame(
    diffSpecs(
      parseSpec('cluster: a\nservices:\n  web: {blueprint: web, nodes: all, perNode: {n.2: {port: 2}}}', 's'),
      renamed,
    ),
    [{ kind: 'changed', path: 'services.web.perNode["n.2"].port', before: 2, after: 3 }],
  );
});

t.test('the signed bytes and the content are made of each other, and of nothing but canonical JSON', (t) => {
  const manifest: Manifest = {
    format: 1,
    clusterId: 'c"1',
    node: 'ü',
    revision: 7,
    services: [],
  };
  const content = contentOfPayload(manifest, Buffer.from(canonicalJson(manifest)));
  t.equal(content.toString(), '{"format":1,"services":[]}');
  t.equal(contentHash(content), manifestHash(manifest));
  t.equal(manifestPayload(manifest, content).toString(), canonicalJson(manifest));
  for (const other of [JSON.stringify(manifest), `${canonicalJson(manifest)} `.replace('[', ' [')]) {
    t.equal(contentOfPayload(manifest, Buffer.from(other)).toString(), content.toString());
  }
  const later = { ...manifest, zone: 'x' };
  t.equal(contentOfPayload(later, Buffer.from(canonicalJson(later))).toString(), content.toString());
  t.end();
});

t.test('nodes have the same placement when their manifests have the same content', (t) => {
  const services = {
    web: { blueprint: 'web', nodes: 'all', perNode: { n1: {} }, perSite: { paris: {} } },
    api: { blueprint: 'web', nodes: { site: 'berlin' } },
  } as const;
  const placement = (name: string, site: string): string => placementOf({ services }, { name, site });
  t.equal(placement('n2', 'rome'), placement('n3', 'oslo'));
  const all = [placement('n1', 'rome'), placement('n2', 'rome'), placement('n2', 'paris')];
  t.equal(new Set([...all, placement('n2', 'berlin'), placement('n1', 'paris')]).size, 5);
  t.end();
});
