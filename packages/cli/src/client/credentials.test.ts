import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { findCredentials } from './credentials.js';

const valid = { server: '127.0.0.1:9898', clusterId: 'c', caPem: 'a', certificatePem: 'b', keyPem: 'k' };

test('credentials are taken from the flag, then the environment, then the usual places', async (t) => {
  const dir = t.testdir({
    'flag.json': JSON.stringify({ ...valid, server: 'flag:1' }),
    'env.json': JSON.stringify({ ...valid, server: 'env:1' }),
    config: { shoal: { 'credentials.json': JSON.stringify({ ...valid, server: 'config:1' }) } },
  });
  const env = { XDG_CONFIG_HOME: join(dir, 'config'), SHOAL_CREDENTIALS: join(dir, 'env.json') };
  t.equal((await findCredentials(join(dir, 'flag.json'), env, dir)).server, 'flag:1');
  t.equal((await findCredentials(undefined, env, dir)).server, 'env:1');
  t.equal(
    (await findCredentials(undefined, { XDG_CONFIG_HOME: join(dir, 'config') }, dir)).server,
    'config:1',
  );
  await mkdir(join(dir, '.shoal-demo/controller'), { recursive: true });
  await writeFile(
    join(dir, '.shoal-demo/controller/admin-credentials.json'),
    JSON.stringify({ ...valid, server: 'demo:1' }),
  );
  t.equal((await findCredentials(undefined, { XDG_CONFIG_HOME: join(dir, 'config') }, dir)).server, 'demo:1');
});

test('missing, unreadable and foreign credential files are told apart', async (t) => {
  const dir = t.testdir({ 'broken.json': '{', 'other.json': '{"server": 1}' });
  await t.rejects(findCredentials(join(dir, 'none.json')), { code: 'not_found', hint: /--credentials/ });
  await t.rejects(findCredentials(join(dir, 'broken.json')), {
    code: 'invalid_input',
    message: /not valid JSON/,
  });
  await t.rejects(findCredentials(join(dir, 'other.json')), {
    code: 'invalid_input',
    message: /"server" is missing/,
  });
});
