import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import t from 'tap';
import type { Blueprint, ParameterSchema } from '../blueprint/blueprint.js';
import { createBlueprintSet } from '../blueprint/blueprint-set.js';
import { parameterMistakes } from '../blueprint/parameters.js';
import { formatProblems } from '../config/problems.js';
import { parseYaml } from '../config/yaml-document.js';
import { ShoalError } from '../errors/shoal-error.js';
import { createKeyAndCsr } from '../identity/certificate-request.js';
import { checkSpec } from '../manifest/check-spec.js';
import { compileManifest } from '../manifest/compile-manifest.js';
import { manifestHash } from '../manifest/manifest-content.js';
import { parseSpec } from '../spec/parse-spec.js';
import { atRest, forNode } from './context.js';
import { createRedactor, noRedactor, redactTexts } from './redactor.js';
import { isSecretReference, replaceReferences, secretReferences } from './references.js';
import { openText, sealText } from './seal.js';
import { openWithKey, sealForKey } from './seal-for-node.js';
import { validateSecretName, validateSecretValue } from './secret-name.js';
import { secretExposures, secretWarnings } from './secret-uses.js';

const refused = { code: 'permission_denied', message: "the value can't be opened" };

t.test('a sealed text opens with its key, for what it was sealed for, unaltered', async (t) => {
  const key = randomBytes(32);
  const context = atRest('controller', 'a', '1');
  const sealed = sealText('grüße', key, context);
  t.notOk(sealed.includes('gr'), 'ciphertext');
  t.not(
    sealText('grüße', key, context).toString('hex'),
    sealed.toString('hex'),
    'a nonce of its own each time',
  );
  t.equal(openText(sealed, key, context, 'the value'), 'grüße');
  t.throws(() => openText(sealed, randomBytes(32), context, 'the value'), refused, 'another key');
  for (const other of [
    atRest('controller', 'a', '2'),
    atRest('controller', 'b', '1'),
    atRest('agent', 'a', '1'),
  ]) {
    t.throws(() => openText(sealed, key, other, 'the value'), refused, other.join());
  }
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    if (refusal(() => openText(altered, key, context, 'the value')) !== 'permission_denied')
      t.fail(`byte ${at}`);
    const cut = sealed.subarray(0, at);
    if (refusal(() => openText(cut, key, context, 'the value')) !== 'permission_denied')
      t.fail(`cut at ${at}`);
  }
});

t.test('what is sealed for a node opens with the key of its certificate alone', async (t) => {
  const { keyPem } = await createKeyAndCsr();
  const publicKey = createPublicKey(keyPem);
  const context = forNode('c', 'n1', 'a', '1');
  const sealed = sealForKey('hunter2', publicKey, context);
  t.equal(openWithKey(sealed, keyPem, context, 'the value'), 'hunter2');
  t.not(sealForKey('hunter2', publicKey, context).toString('hex'), sealed.toString('hex'));
  const other = (await createKeyAndCsr()).keyPem;
  t.throws(() => openWithKey(sealed, other, context, 'the value'), refused, "another node's key");
  for (const wrong of [
    forNode('d', 'n1', 'a', '1'),
    forNode('c', 'n2', 'a', '1'),
    forNode('c', 'n1', 'a', '2'),
  ]) {
    t.throws(() => openWithKey(sealed, keyPem, wrong, 'the value'), refused, wrong.join());
  }
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    if (refusal(() => openWithKey(altered, keyPem, context, 'the value')) !== 'permission_denied')
      t.fail(`byte ${at}`);
  }
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  t.throws(() => sealForKey('hunter2', foreign, context), 'a key of another curve seals nothing');
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (thrown) {
    return ShoalError.from(thrown).message;
  }
}

function refusal(act: () => unknown): string {
  try {
    act();
    return 'none';
  } catch (thrown) {
    return ShoalError.from(thrown).code;
  }
}

t.test('names and values that may not be are told without the value', (t) => {
  for (const name of ['', 'A', '-a', 'a/b', 'a'.repeat(64), '../x']) {
    t.throws(() => validateSecretName(name), { code: 'invalid_input' }, name);
  }
  for (const name of ['a', 'backend-key', '1.b_c']) t.doesNotThrow(() => validateSecretName(name));
  const table: readonly (readonly [string, RegExp])[] = [
    ['abc', /shorter than 4 characters/],
    ['  abc\n', /shorter than 4 characters/],
    [`hunter2${'x'.repeat(65_536)}`, /larger than 65536 bytes/],
    ['hunter2\0', /is not text/],
    ['hunter2\ud800', /is not text/],
  ];
  for (const [value, message] of table) {
    t.throws(() => validateSecretValue('a', value), { code: 'invalid_input', message });
    t.notMatch(
      messageOf(() => validateSecretValue('a', value)),
      'hunter2',
    );
  }
  t.doesNotThrow(() => validateSecretValue('a', 'x'.repeat(65_536)));
  t.end();
});

t.test('values are taken out of texts in all forms that are known', (t) => {
  const key = 'p@ss/w"rd\\ü';
  const pem = '-----BEGIN KEY-----\nMIIabcdef\nxy=\n-----END KEY-----\n';
  const redactor = createRedactor([
    { name: 'part', value: 'w"rd' },
    { name: 'key', value: key },
    { name: 'pem', value: pem },
  ]);
  const table: readonly (readonly [string, string])[] = [
    [`it is ${key}, and ${key}`, 'it is [secret key], and [secret key]'],
    [JSON.stringify({ a: key }), '{"a":"[secret key]"}'],
    [`?k=${encodeURIComponent(key)}&b`, '?k=[secret key]&b'],
    [Buffer.from(key).toString('base64').replace(/=+$/, ''), '[secret key]'],
    [`+  MIIabcdef`, '+  [secret pem]'],
    [pem, '[secret pem]'],
    [pem.replaceAll('\n', '\r\n'), '[secret pem]\r\n[secret pem]\r\nxy=\r\n[secret pem]\r\n'],
    [JSON.stringify(pem), '"[secret pem]"'],
    ['nothing of it', 'nothing of it'],
  ];
  for (const [text, expected] of table) t.equal(redactor.text(text), expected);
  t.equal(redactor.finds(`a ${key}`), true);
  t.equal(redactor.finds('a b'), false);
  t.equal(createRedactor([{ name: 'a', value: '$&$1' }]).text('x$&$1x'), 'x[secret a]x');
  const old = { name: 'key', value: 'former' };
  const renewed = createRedactor([old, { name: 'key', value: 'later' }]);
  t.equal(
    renewed.text('@@ -1,3 +1,3 @@\n same\n-a: former\n-b: 1\n+a: later\n+b: 2\n c\n-d: former\n+d: later!\n'),
    '@@ -1,3 +1,3 @@\n same\n-a: [secret key]\n-b: 1\n+a: [secret key] (secret changed)\n+b: 2\n c\n-d: [secret key]\n+d: [secret key]!\n',
    'a line of a diff in which only the value changed says so',
  );
  t.equal(renewed.text('-a former\n+a later'), '-a [secret key]\n+a [secret key]', 'no diff');
  const record = { a: [key, 1, null], b: { [key]: key }, c: Buffer.from(key) };
  t.strictSame(redactTexts(record, redactor), {
    a: ['[secret key]', 1, null],
    b: { [key]: '[secret key]' },
    c: record.c,
  });
  t.equal(createRedactor([]), noRedactor);
  t.end();
});

t.test('references are found at any depth, and nothing else is one', (t) => {
  const value = {
    a: { secret: 'one' },
    b: [1, { c: { secret: 'two' } }],
    d: { secret: 'x', more: 1 },
    e: { secret: 1 },
  };
  t.strictSame(
    [...secretReferences(value)],
    [
      { path: ['a'], name: 'one' },
      { path: ['b', 1, 'c'], name: 'two' },
    ],
  );
  t.strictSame(
    replaceReferences(value, ({ path, name }) => `${name} at ${path.join('.')}`),
    { a: 'one at a', b: [1, { c: 'two at b.1.c' }], d: { secret: 'x', more: 1 }, e: { secret: 1 } },
  );
  for (const other of [null, 'secret', ['secret'], {}, { secret: null }])
    t.equal(isSecretReference(other), false);
  t.end();
});

t.test('a reference fits where text may stand', (t) => {
  const description = 'x';
  const told = (schema: Omit<ParameterSchema, 'description'>, value: unknown) =>
    parameterMistakes({ description, ...schema } as ParameterSchema, value, ['p']).map(
      ({ message }) => message,
    );
  const reference = { secret: 'name' };
  t.strictSame(told({ type: 'string', pattern: '^[0-9]+$', minLength: 20, enum: ['1'] }, reference), []);
  t.strictSame(told({ type: 'integer' }, reference), [
    'p: expected an integer, found a secret, which is text',
  ]);
  t.strictSame(told({ type: 'object' }, reference), ['p: expected a mapping, found a secret, which is text']);
  const list = {
    type: 'array',
    items: { type: 'object', properties: { key: { type: 'string' } }, additionalProperties: false },
  } as const;
  t.strictSame(told(list, [{ key: reference }]), []);
  t.strictSame(told(list, [{ kye: reference }]), ['unknown key "kye" in p[0]; did you mean "key"?']);
  t.strictSame(told({ type: 'string', secret: true, pattern: '^a' }, 'hunter2'), [
    'p: expected text that matches ^a, found a string',
  ]);
  t.end();
});

const web: Blueprint = {
  name: 'web',
  version: '1.0.0',
  description: 'A web server',
  parameters: {
    key: { type: 'string', description: 'Key', default: '', secret: true },
    hosts: { type: 'array', description: 'Hosts', default: [] },
    body: { type: 'string', description: 'Body', default: '' },
  },
  variables: { auth: 'Bearer {{ params.key }}', header: '{{ auth }}' },
  steps: [
    { type: 'file', id: 'open', path: '/a', content: '{{ header }}' },
    { type: 'file', id: 'closed', path: '/b', content: '{{ params["key"] }}', mode: '0640' },
    { type: 'file', id: 'other', path: '/c', content: 'params.key {{ params.body }}' },
    {
      type: 'exec',
      id: 'login',
      command: ['login', '{{ params.key }}'],
      environment: { KEY: '{{ params.key }}' },
    },
    { type: 'wait', id: 'ready', url: 'http://x/?k={{ auth }}' },
    {
      type: 'dropin',
      id: 'unit',
      unit: 'web.service',
      name: 'key',
      content: 'Environment=K={{ params.key }}',
    },
    { type: 'service', id: 'run' },
  ],
  process: { command: ['web', '--all', '{{ params | json }}'] },
};
const blueprints = createBlueprintSet([{ ...web, directory: '/b/web' }]);
const nodes = [{ name: 'n1', site: 'north' }];
const specOf = (params: string) =>
  `cluster: demo\nservices:\n  web:\n    blueprint: web\n    nodes: all\n    params: ${params}\n`;

t.test('a spec that refers to a secret that is not there is refused, with its place and what to do', (t) => {
  const complaint = (params: string, names: readonly string[]) => {
    const secrets = { names, howToSet: (name: string) => `make ${name}` };
    try {
      const text = specOf(params);
      checkSpec(parseSpec(text, 's.yaml'), blueprints, { nodes, secrets }, parseYaml(text, 's.yaml'));
      return 'fine';
    } catch (thrown) {
      return formatProblems(ShoalError.from(thrown));
    }
  };
  t.equal(complaint('{ key: { secret: backend } }', ['backend']), 'fine');
  t.equal(complaint('{ hosts: [{ a: { secret: backend } }] }', ['backend']), 'fine');
  t.equal(
    complaint('{ key: { secret: bakend } }', ['backend']),
    's.yaml:6:30: unknown secret "bakend"; did you mean "backend"?',
  );
  t.equal(complaint('{ hosts: [{ secret: x9 }] }', ['backend']), 's.yaml:6:33: unknown secret "x9"; make x9');
  t.end();
});

t.test(
  "a manifest names secrets' versions and nothing of their values; a new version is another content",
  (t) => {
    const spec = parseSpec(specOf('{ key: { secret: a }, hosts: [{ k: { secret: b } }] }'), 's');
    const sources = { spec, blueprints, clusterId: 'c', node: { name: 'n1', site: 'north' }, revision: 1 };
    const manifest = compileManifest({ ...sources, secrets: { a: '1', b: '2' } });
    t.strictSame(manifest.services[0]?.secrets, [
      { path: ['key'], name: 'a', version: '1' },
      { path: ['hosts', 0, 'k'], name: 'b', version: '2' },
    ]);
    t.equal(
      manifestHash(manifest),
      manifestHash(compileManifest({ ...sources, revision: 2, secrets: { a: '1', b: '2' } })),
    );
    t.not(manifestHash(manifest), manifestHash(compileManifest({ ...sources, secrets: { a: '1', b: '3' } })));
    t.throws(() => compileManifest({ ...sources, secrets: { a: '1' } }), { code: 'invalid_input' });
    const plain = compileManifest({ ...sources, spec: parseSpec(specOf('{ body: x }'), 's') });
    t.equal(
      Object.hasOwn(plain.services[0] ?? {}, 'secrets'),
      false,
      'the hash of what has no secrets stays',
    );
    t.end();
  },
);

t.test('plain text for a secret parameter, and places where others can read secrets, are warned of', (t) => {
  const exposed = [
    /step open: the file holds the secret parameter "key", and its mode 0644 lets everybody on the host read it/,
    /step login: the command line holds the secret parameter "key": everybody/,
    /step ready: the URL holds the secret parameter "key": access logs/,
    /step unit: the drop-in holds the secret parameter "key", and everybody/,
    /the process's command line holds the secret parameter "key"/,
  ];
  const own = secretExposures(web);
  t.equal(own.length, exposed.length, own.join('\n'));
  for (const [index, pattern] of exposed.entries()) t.match(own[index], pattern);
  const warnings = (params: string) => secretWarnings(parseSpec(specOf(params), 's'), blueprints);
  const plain = warnings('{ key: hunter2 }');
  t.equal(plain.length, 6);
  t.match(
    plain[0],
    /^services\.web\.params\.key is a secret and stands in the spec as plain text; use \{ secret: NAME \}/,
  );
  t.notMatch(plain.join(), /hunter2/);
  t.equal(warnings('{ key: { secret: a } }').length, 5);
  t.match(
    warnings('{ body: { secret: a } }').join('\n'),
    /step other: .*"body"/,
    'what is given as a secret counts as one',
  );
  t.end();
});
