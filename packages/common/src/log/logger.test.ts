import { readFile } from 'node:fs/promises';
import t from 'tap';
import { version } from '../version.js';
import { createLogger } from './logger.js';

t.test('secrets are taken out of records, at any depth, and out of bindings', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({ name: 'agent', destination: { write: (line) => void lines.push(line) } });
  const secret = 'hunter2';
  const request = {
    headers: { authorization: secret, Cookie: secret },
    list: [{ joinToken: secret, host: 'h' }],
  };
  logger
    .child({ apiKey: secret, node: 'n1' })
    .info({ request, password: secret, tokenId: 't7', gossipKeys: [secret] }, 'hello');
  const text = lines.join('');
  const record = JSON.parse(text);
  t.match(record, {
    name: 'agent',
    level: 'info',
    msg: 'hello',
    node: 'n1',
    apiKey: '[redacted]',
    tokenId: 't7',
  });
  t.strictSame(record.request.list, [{ joinToken: '[redacted]', host: 'h' }]);
  t.notMatch(text, secret);
  t.match(record.time, /^\d{4}-\d\d-\d\dT/);
});

t.test('errors keep their shape, lower levels stay silent', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({
    name: 'agent',
    level: 'warn',
    destination: { write: (line) => void lines.push(line) },
  });
  logger.info('not shown');
  logger.error({ err: new Error('boom') }, 'failed');
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'error',
    msg: 'failed',
    err: { type: 'Error', message: 'boom' },
  });
});

t.test('the version is that of the package', async (t) => {
  const manifest: unknown = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  t.match(manifest, { version });
});
