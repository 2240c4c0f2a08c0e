import { createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyAndCsr, forNode, type ManifestService, manifestHash, sealForKey } from '@shoal/common';
import t from 'tap';
import { manifestOf, startHost, until } from '../converge/harness.test.support.js';
import { openSealed } from './open-sealed.js';
import { SecretStore } from './secret-store.js';

const value = 'hunter2-value';

function serviceOf(directory: string, fail: string, version = 'v1'): ManifestService {
  return {
    name: 'keeper',
    blueprint: 'keeper',
    blueprintVersion: '1.0.0',
    params: { keys: [{ key: { secret: 'app-key' } }] },
    secrets: [{ path: ['keys', 0, 'key'], name: 'app-key', version }],
    variables: { short: '{{ params.keys[0].key | slice: 0, 7 }}' },
    steps: [
      {
        type: 'file',
        id: 'config',
        path: join(directory, 'config'),
        content: 'key {{ params.keys[0].key }}\n',
        mode: '0600',
      },
      {
        type: 'exec',
        id: 'login',
        command: ['sh', '-c', `echo "in with $KEY"; ${fail}`],
        undo: ['sh', '-c', `echo "$KEY" >> ${directory}/undone`],
        environment: { KEY: '{{ params.keys[0].key }}', SHORT: '{{ short }}' },
      },
    ],
    process: { command: ['none'], environment: { SHORT: '{{ short }}' } },
    health: null,
    metrics: [],
    logs: [],
  };
}

/** Files below a directory that hold the value, or the part of it that the service makes. */
function holding(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => /hunter2/.test(readFileSync(path, 'utf8')));
}

t.test('only what was sealed for this node, name and version is opened', async (t) => {
  const { keyPem } = await createKeyAndCsr();
  const other = (await createKeyAndCsr()).keyPem;
  const identity = { clusterId: 'c', node: 'n', keyPem };
  const seal = (node: string, name: string, version: string) => ({
    name: 'app-key',
    version: 'v1',
    sealed: sealForKey(value, createPublicKey(keyPem), forNode('c', node, name, version)),
  });
  const good = seal('n', 'app-key', 'v1');
  t.strictSame(openSealed([good], identity), [{ name: 'app-key', version: 'v1', value }]);
  const refused = {
    code: 'permission_denied',
    message: 'the value of secret "app-key" that the controller sent can\'t be opened',
  };
  t.throws(() => openSealed([seal('other', 'app-key', 'v1')], identity), refused);
  t.throws(() => openSealed([seal('n', 'other-key', 'v1')], identity), refused);
  t.throws(() => openSealed([seal('n', 'app-key', 'v0')], identity), refused);
  t.throws(() => openSealed([good], { ...identity, keyPem: other }), refused);
  t.throws(() => openSealed([{ ...good, sealed: good.sealed.subarray(1) }], identity), refused);
  t.throws(() => openSealed([{ ...good, sealed: Buffer.alloc(0) }], identity), refused);
});

t.test('a service with secrets survives restarts and undoing, with nothing of them on disk', async (t) => {
  const directory = t.testdir({ data: {} });
  const dataDir = join(directory, 'data');
  const first = await startHost(t, { dataDir, stopGraceMs: 50 });
  const offer = (host: typeof first, revision: number, fail: string) => {
    const manifest = manifestOf(revision, serviceOf(directory, fail));
    const secrets = [{ name: 'app-key', version: 'v1', value }];
    host.converger.offer(manifest, manifestHash(manifest), { retryFailed: false, secrets });
  };
  const lacking = manifestOf(1, serviceOf(directory, ':', 'v0'));
  t.match(await first.converge(lacking), {
    state: 'FAILED',
    failure: { service: 'keeper', step: 'secrets', message: /secret "app-key" \(version v0\) didn't come/ },
  });
  offer(first, 2, ':');
  await until('revision 2', () => first.converger.report().runningRevision === 2);
  t.equal(readFileSync(join(directory, 'config'), 'utf8'), `key ${value}\n`);
  t.ok(first.events.some(({ text }) => text === 'in with [secret app-key]'));
  t.notMatch(JSON.stringify(first.events), /hunter2/);
  t.strictSame(holding(dataDir), []);
  for (const name of ['secrets.key', 'converge/secrets.json', 'converge/state.json'])
    t.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);

  // Left in the middle of a step: its journal holds what undoes it, with the value in its environment.
  offer(first, 3, `[ -e ${directory}/again ] && exit 3; touch ${directory}/again; sleep 60`);
  await until('the step to run', () => existsSync(join(directory, 'again')));
  const journal = readFileSync(join(dataDir, 'converge/attempt/journal'), 'utf8');
  t.match(journal, /^\{"kind":"sealed","sealed":"/m);
  t.strictSame(holding(dataDir), []);
  await first.converger.stop();
  const second = await startHost(t, { dataDir });
  await until('the attempt to be undone', () => second.converger.report().failedRevision === 3);
  t.match(second.converger.report(), { runningRevision: 2, failure: { step: 'login', undone: true } });
  t.equal(readFileSync(join(directory, 'undone'), 'utf8'), `${value}\n`);
  t.match(JSON.stringify(second.events), /in with \[secret app-key\]/);
  t.notMatch(JSON.stringify([second.events, second.converger.report()]), /hunter2/);
  t.strictSame(holding(dataDir), []);
  const [difference] = await second.converger.check(manifestOf(4, serviceOf(directory, 'true', 'v2')), [
    { name: 'app-key', version: 'v2', value: 'hunter2-other' },
  ]);
  t.match(difference, { step: 'config', difference: /content differs/ });
  await second.converger.stop();

  await rm(join(dataDir, 'secrets.key'));
  await t.rejects(new SecretStore(dataDir).load(), {
    code: 'permission_denied',
    message: /value of secret "app-key" in .*secrets\.json can't be opened/,
  });
});
