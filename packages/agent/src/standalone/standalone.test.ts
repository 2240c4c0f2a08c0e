import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@shoal/common';
import t from 'tap';
import { keyedDigest } from '../secrets/node-key.js';
import { FakeConverger } from '../testing/fake-converger.js';
import { waitFor } from '../testing/wait.js';
import { readLocalSecrets } from './local-secrets.js';
import { Standalone } from './standalone.js';

const blueprint = `name: echo
version: 1.0.0
description: answers
parameters:
  port: {type: integer, description: where it listens, default: 80}
steps:
  - {id: config, type: file, path: /etc/echo.conf, content: "port {{ params.port }}\\n"}
  - {id: service, type: service}
process:
  command: [/bin/echo]
`;

const spec = (port: string, more = '') => `cluster: local
services:
  web:
    blueprint: echo
    nodes: all
    params: {port: ${port}}
${more}`;

t.test('converges to the local spec, and again whenever that file changes', async (t) => {
  const dir = t.testdir({
    blueprints: { echo: { 'blueprint.yaml': blueprint } },
    'local.yaml': spec('8080'),
  });
  const file = join(dir, 'local.yaml');
  const log: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => log.push(line) } });
  const noop = () => undefined;
  const listener = { reportChanged: noop, stepEvent: noop, observedChanged: noop, processOutput: noop };
  const converger = new FakeConverger(listener);
  const start = () => {
    const made = new Standalone({
      file,
      blueprints: [join(dir, 'blueprints')],
      node: { name: 'n1', site: 'default' },
      converger,
      logger,
      pollMs: 20,
      settleMs: 10,
    });
    t.teardown(() => made.stop());
    made.start();
    return made;
  };
  const first = start();
  await waitFor('the first offer', () => converger.offers.length === 1);
  t.match(converger.offers[0], {
    manifest: { revision: 1, node: 'n1', services: [{ name: 'web', params: { port: 8080 } }] },
    retryFailed: false,
  });

  await writeFile(file, spec('"high"', '    extra: 1\n'));
  await waitFor('the complaint', () => log.some((line) => line.includes('the local spec cannot be used')));
  const complaint = log.find((line) => line.includes('the local spec cannot be used')) ?? '';
  t.match((JSON.parse(complaint) as { problems: string }).problems, /local\.yaml:7:5: unknown key "extra"/);
  t.equal(converger.offers.length, 1, 'what runs goes on');
  t.match(
    first.problem.text,
    /^the local spec cannot be used; what runs goes on: .*local\.yaml:7:5: unknown key "extra"/,
  );

  await writeFile(`${file}.new`, spec('9090'));
  await rename(`${file}.new`, file);
  await waitFor('the second offer', () => converger.offers.length === 2);
  t.equal(first.problem.text, '', 'it is mended');
  t.match(converger.offers[1], {
    manifest: { revision: 2, services: [{ params: { port: 9090 } }] },
    retryFailed: true,
  });
  await first.stop();

  start();
  await writeFile(file, spec('9090', '# a remark\n'));
  await writeFile(file, spec('9091'));
  await waitFor('the third offer', () => converger.offers.length === 3);
  t.equal(converger.offers[2]?.manifest.revision, 3, 'the same content is not offered again, numbers go on');
});

t.test('a blueprint that no free tier may begin to use is refused, and goes on where it runs', async (t) => {
  const guard = (version: string, more = '') =>
    blueprint.replace('echo', 'guard').replace('1.0.0', version).replace('parameters:', `${more}parameters:`);
  const dir = t.testdir({
    blueprints: {
      echo: { 'blueprint.yaml': blueprint },
      guard: { 'blueprint.yaml': guard('1.0.0', 'feature: waf\n') },
      before: { 'blueprint.yaml': guard('0.9.0') },
    },
    'local.yaml': spec('8080').replace('echo', 'guard'),
  });
  const file = join(dir, 'local.yaml');
  const log: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => log.push(line) } });
  const noop = () => undefined;
  const listener = { reportChanged: noop, stepEvent: noop, observedChanged: noop, processOutput: noop };
  const converger = new FakeConverger(listener);
  const standalone = new Standalone({
    ...{ file, blueprints: [join(dir, 'blueprints')], node: { name: 'n1', site: 'default' } },
    ...{ converger, logger, pollMs: 20, settleMs: 10 },
  });
  t.teardown(() => standalone.stop());
  standalone.start();
  const refusals = () => log.filter((line) => line.includes('the local spec cannot be used'));
  await waitFor('the refusal', () => refusals().length === 1);
  const { code, problems, hint } = JSON.parse(refusals()[0] ?? '{}') as Record<string, string>;
  t.equal(code, 'resource_exhausted');
  t.match(
    problems,
    /local\.yaml:4:16: services\.web: blueprint guard@1\.0\.0 needs the licensed feature "waf"; the free tier of a standalone host includes none/,
  );
  t.match(hint, /cluster\.controller/);
  t.equal(converger.offers.length, 0);

  await writeFile(file, spec('8080').replace('echo', 'guard@0.9.0'));
  await waitFor('what needs none', () => converger.offers.length === 1);
  await writeFile(file, spec('8081').replace('echo', 'guard@1.0.0'));
  await waitFor('the refusal of what would begin', () => refusals().length === 2);

  const [first] = converger.offers;
  const services = first?.manifest.services.map((service) => ({ ...service, blueprintVersion: '1.0.0' }));
  if (first === undefined || services === undefined) throw new Error('nothing was offered');
  converger.offer({ ...first.manifest, services }, 'of a cluster', { retryFailed: false });
  await writeFile(file, spec('8082').replace('echo', 'guard'));
  await waitFor('what runs', () => converger.offers.length === 3);
  t.match(converger.offers[2]?.manifest.services, [{ blueprintVersion: '1.0.0', params: { port: 8082 } }]);
});

t.test('secrets come from a file that nobody else may read, and a new value is a new content', async (t) => {
  const withKey = blueprint.replace(
    'steps:',
    '  key: {type: string, description: its key, default: ""}\nsteps:',
  );
  const dir = t.testdir({
    blueprints: { echo: { 'blueprint.yaml': withKey } },
    'local.yaml': spec('8080').replace('port: 8080', 'port: 8080, key: { secret: app-key }'),
    'secrets.yaml': 'app-key: hunter2-one\n',
    handed: { 'secrets.yaml': 'app-key: hunter2-handed\n' },
  });
  const file = join(dir, 'secrets.yaml');
  const log: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => log.push(line) } });
  const noop = () => undefined;
  const listener = { reportChanged: noop, stepEvent: noop, observedChanged: noop, processOutput: noop };
  const converger = new FakeConverger(listener);
  const key = Buffer.alloc(32, 1);
  const secrets = { file, digest: (text: string) => keyedDigest(text, key) };
  const standalone = new Standalone({
    file: join(dir, 'local.yaml'),
    secrets,
    blueprints: [join(dir, 'blueprints')],
    node: { name: 'n1', site: 'default' },
    converger,
    logger,
    pollMs: 20,
    settleMs: 10,
  });
  await chmod(file, 0o640);
  t.teardown(() => standalone.stop());
  standalone.start();
  await waitFor('the refusal', () => log.some((line) => /chmod 600/.test(line)));
  t.equal(converger.offers.length, 0);

  await chmod(file, 0o600);
  await writeFile(file, 'app-key: hunter2-two\nother: unused-value\n');
  await waitFor('the first offer', () => converger.offers.length === 1);
  const [first] = converger.offers;
  t.match(first?.manifest.services[0], {
    params: { key: { secret: 'app-key' } },
    secrets: [{ name: 'app-key' }],
  });
  t.match(first?.secrets, [{ name: 'app-key', value: 'hunter2-two' }, { name: 'other' }]);
  await writeFile(file, 'app-key: hunter2-three\n');
  await waitFor('the second offer', () => converger.offers.length === 2);
  t.not(converger.offers[1]?.hash, first?.hash);

  const handed = { ...secrets, credentialsDirectory: join(dir, 'handed') };
  await chmod(join(dir, 'handed/secrets.yaml'), 0o400);
  t.match(
    await readLocalSecrets(handed),
    [{ value: 'hunter2-three' }],
    'the file goes before what systemd hands',
  );
  t.match(await readLocalSecrets({ ...handed, file: join(dir, 'none') }), [{ value: 'hunter2-handed' }]);
  t.strictSame(await readLocalSecrets({ ...secrets, file: join(dir, 'none') }), []);
  for (const [text, message] of [
    ['app-key: 77317731', /not text: quote it/],
    ['app-key: [hunter2', /secrets\.yaml:\d+: faulty YAML/],
    ['- hunter2', /expected a mapping/],
    ['App: hunter2', /a secret's name/],
    ['app: abc', /shorter than 4/],
  ] as const) {
    await writeFile(file, text);
    const refusal = await readLocalSecrets(secrets).then(
      () => 'none',
      (error: Error) => error.message,
    );
    t.match(refusal, message);
    t.notMatch(refusal, /hunter2|77317731/);
  }
});
