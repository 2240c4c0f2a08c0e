import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { t } from 'tap';
import type { RenderedDownload } from '../render/rendered.js';
import { testContext } from './context.test.support.js';
import { downloadHandler } from './download.js';

const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What each request asked for, and a server that answers as it is told. */
async function serve(t: { teardown(f: () => void): void }, answer: Answer) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Sends the bytes from where the request wants them, and breaks off after some. */
function send(request: IncomingMessage, response: ServerResponse, most = content.length): void {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = content.subarray(from);
  const headers = { 'content-length': rest.length };
  if (from === 0) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${content.length - 1}/*` });
  if (most >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, most), () => response.destroy());
}

function stepOf(directory: string, url: string, more: Partial<RenderedDownload> = {}): RenderedDownload {
  const path = join(directory, 'web');
  return { type: 'download', id: 'd', url, sha256, path, mode: 0o755, maxBytes: 1e6, notify: null, ...more };
}

function contextOf(directory: string) {
  const lines: string[] = [];
  const clock = { now: () => Date.now(), elapsed: () => performance.now(), sleep: async () => {} };
  return { ...testContext({ directory, clock, output: (line) => lines.push(line) }), lines };
}

t.test('a file is fetched, replaced, and put back with its permissions', async (t) => {
  const directory = t.testdir({ web: 'old' });
  const { url, asked } = await serve(t, send);
  const step = stepOf(directory, `${url}/web?token=hidden`);
  const context = contextOf(directory);
  chmodSync(step.path, 0o600);
  const { difference } = await downloadHandler.check(step, context);
  t.match(difference, /mode 0600 -> 0755, content differs \(SHA-256 \w{12}… -> \w{12}…\)$/);
  const undo = await downloadHandler.prepareUndo(step, context);
  await downloadHandler.apply(step, context);
  t.ok(readFileSync(step.path).equals(content));
  t.equal(statSync(step.path).mode & 0o7777, 0o755);
  t.same(await downloadHandler.check(step, context), { holds: true, difference: '' });
  const readable = { ...step, mode: 0o700 };
  await downloadHandler.apply(readable, context);
  t.equal(statSync(step.path).mode & 0o7777, 0o700);
  t.equal(asked.length, 1, 'what is there with other permissions is not fetched again');
  await downloadHandler.undo(undo, context);
  t.equal(readFileSync(step.path, 'utf8'), 'old');
  t.equal(statSync(step.path).mode & 0o7777, 0o600);
  t.same(readdirSync(directory), ['web']);
});

t.test('a connection that breaks is gone on with where it broke, after a crash too', async (t) => {
  const directory = t.testdir();
  let breaks = 2;
  const { url, asked } = await serve(t, (request, response) => {
    send(request, response, breaks-- > 0 ? 100_000 : undefined);
  });
  const step = stepOf(directory, `${url}/web`);
  const context = contextOf(directory);
  writeFileSync(join(directory, '.shoal-partial.web'), content.subarray(0, 50_000), { mode: 0o600 });
  await downloadHandler.apply(step, context);
  t.ok(readFileSync(step.path).equals(content));
  t.equal(asked.length, 3);
  t.equal(asked[0], '/web bytes=50000-');
  t.match(context.lines, [/trying again$/, /trying again$/]);
});

t.test('what an earlier agent left of another file is fetched anew', async (t) => {
  const directory = t.testdir();
  const { url, asked } = await serve(t, send);
  writeFileSync(join(directory, '.shoal-partial.web'), randomBytes(1000), { mode: 0o600 });
  await downloadHandler.apply(stepOf(directory, `${url}/web`), contextOf(directory));
  t.same(asked, ['/web bytes=1000-', '/web']);
});

t.test('what is not as it should be is refused, and nothing is left of it', async (t) => {
  const big = (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    const write = () => {
      while (!response.destroyed && response.write(content));
      response.once('drain', write);
    };
    write();
  };
  const answers: Record<string, Answer> = {
    '/other': (_request, response) => response.end('other'),
    '/none': (_request, response) => response.writeHead(404).end(),
    '/broken': (_request, response) => response.writeHead(503).end(),
    '/long': (_request, response) => response.writeHead(200, { 'content-length': 1e7 }).end(),
    '/endless': big,
    '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
    '/file': (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/moved': (_request, response) => response.writeHead(301, { location: '/web' }).end(),
    '/web': send,
  };
  const { url, asked } = await serve(t, (request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    answers[path]?.(request, response);
  });
  const table: readonly (readonly [string, RegExp])[] = [
    ['/other', /\/other has the SHA-256 \w{64}, not \w{64}: it isn't taken$/],
    ['/none?token=hidden', /\/none answered 404$/],
    ['/broken', /\/broken answered 503$/],
    ['/long', /\/long has 10000000 bytes, more than the 1000000 that maxBytes allows$/],
    ['/endless', /\/endless has more than the 1000000 bytes that maxBytes allows$/],
    ['/loop', /\/loop is redirected more than 5 times$/],
    ['/file', /\/file is redirected from http: to file:: refused$/],
  ];
  for (const [path, message] of table) {
    const directory = t.testdir();
    const step = stepOf(directory, `${url}${path}`);
    const context = contextOf(directory);
    const undo = await downloadHandler.prepareUndo(step, context);
    await t.rejects(downloadHandler.apply(step, context), { message });
    await downloadHandler.undo(undo, context);
    t.same(readdirSync(directory), [], path);
  }
  t.equal(asked.filter((line) => line === '/broken').length, 4, 'a server in trouble is asked again');
  t.equal(asked.filter((line) => line.startsWith('/none')).length, 1, 'a missing file is not');
  const directory = t.testdir();
  await downloadHandler.apply(stepOf(directory, `${url}/moved`), contextOf(directory));
  t.ok(existsSync(join(directory, 'web')));
  const refused = stepOf(directory, 'http://127.0.0.1:1/web', { path: join(directory, 'x') });
  await t.rejects(downloadHandler.apply(refused, contextOf(directory)), { message: /\/web: ECONNREFUSED$/ });
  const nowhere = stepOf(join(directory, 'none'), url);
  await t.rejects(downloadHandler.apply(nowhere, contextOf(directory)), {
    message: /none doesn't exist: a dir/,
  });
});
