import { readFile, stat } from 'node:fs/promises';
import https from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { CertificateAuthority, createLogger } from '@shoal/common';
import t, { type Test } from 'tap';
import { MemoryStore } from '../store/memory-store.js';
import { addUser, cookieIn, createFakeApi, type FakeApi, password } from './fake-api.test.support.js';

const hourMs = 3_600_000;

async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

function tokenIn(url: string | undefined): string {
  return new URL(url ?? 'http://none').searchParams.get('token') ?? '';
}

t.test('first run: a one-time link makes the administrator', async (t) => {
  const store = new MemoryStore();
  const logged: string[] = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger({ name: 'test', level: 'info', destination });
  const first = await createFakeApi(t, { store, logger });
  const stale = tokenIn(first.server.firstRunUrl);
  const api = await createFakeApi(t, { store, logger });
  const token = tokenIn(api.server.firstRunUrl);
  t.match(logged.join(''), token, 'the link is logged');
  t.same(await (await api.request('/api/v1/session')).json(), { user: null, firstRun: true });
  const kept =
    JSON.stringify(await store.list('first-run')) + Buffer.from((await store.get('first-run'))?.value ?? []);
  t.notMatch(kept, token, 'the store has its hash only');

  const make = (body: Record<string, unknown>) => api.request('/api/v1/first-run', { method: 'POST', body });
  const good = { token, name: 'anna', password };
  t.equal(
    await errorOf(await make({ ...good, token: stale })),
    'permission_denied',
    'link of an earlier start',
  );
  t.equal(await errorOf(await make({ ...good, token: 'x' })), 'permission_denied');
  t.equal(await errorOf(await make({ ...good, password: 'short' })), 'invalid_input');
  t.equal(await errorOf(await make({ ...good, name: 'a/b' })), 'invalid_input');
  t.equal(await errorOf(await make({ token, name: 'anna' })), 'invalid_input');
  const racing = await Promise.all([make(good), make({ ...good, name: 'bert' })]);
  t.same(racing.map(({ status }) => status).sort(), [200, 412], 'one of two at the same time');
  const made = racing.find(({ ok }) => ok) ?? Response.error();
  const { user } = (await made.json()) as { user: { name: string; role: string } };
  t.equal(user.role, 'admin');
  const whoami = await api.request('/api/v1/whoami', { cookie: cookieIn(made) });
  t.same(await whoami.json(), user, 'and is logged in');
  t.equal(await errorOf(await make({ ...good, name: 'carl' })), 'failed_precondition', 'used up');
  t.match(await api.dispatcher.audit.list(1), [{ operation: 'user.first-run', actor: user.name }]);
  const later = await createFakeApi(t, { store });
  t.equal(later.server.firstRunUrl, undefined, 'no link once there is a user');
  t.same(await (await later.request('/api/v1/session')).json(), { user: null, firstRun: false });
});

t.test('sessions', async (t) => {
  const api = await createFakeApi(t, {});
  await addUser(api.store, 'anna', 'viewer');
  const logIn = (name: string, secret: string) =>
    api.request('/api/v1/login', { method: 'POST', body: { name, password: secret } });
  const who = async (cookie: string) => (await api.request('/api/v1/whoami', { cookie })).status;

  await t.test('cookie is out of reach for scripts and other sites', async (t) => {
    const response = await logIn('anna', password);
    t.same(await response.json(), { user: { name: 'anna', role: 'viewer' } });
    const [cookie = ''] = response.headers.getSetCookie();
    t.match(cookie, /^shoal_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    const kept = (await api.store.list('sessions/')).map(
      ({ key, value }) => key + Buffer.from(value).toString(),
    );
    t.notMatch(kept.join(), cookie.slice(14, 57), 'the store has its hash only');
  });
  await t.test('wrong name and wrong password look alike', async (t) => {
    const [a, b] = await Promise.all([logIn('anna', 'wrong password'), logIn('nobody', 'wrong password')]);
    t.equal(a.status, 401);
    t.same(await a.json(), await b.json());
  });
  await t.test('end when idle, after a week, and by logout', async (t) => {
    const idle = cookieIn(await logIn('anna', password));
    api.clock.now += 11 * hourMs;
    t.equal(await who(idle), 200);
    api.clock.now += 11 * hourMs;
    t.equal(await who(idle), 200, 'use prolongs');
    api.clock.now += 12 * hourMs + 1;
    t.equal(await who(idle), 401, 'idle');
    const week = cookieIn(await logIn('anna', password));
    for (let hour = 0; hour < 7 * 24 - 1; hour += 8) {
      t.equal(await who(week), 200);
      api.clock.now += 8 * hourMs;
    }
    t.equal(await who(week), 401, 'a week');
    const out = cookieIn(await logIn('anna', password));
    t.equal((await api.request('/api/v1/logout', { method: 'POST', body: {}, cookie: out })).status, 200);
    t.equal(await who(out), 401, 'logged out');
    const gone = cookieIn(await logIn('anna', password));
    await api.store.transact({ writes: [{ type: 'delete', key: 'users/anna' }] });
    t.equal(await who(gone), 401, 'user removed');
    t.equal(await who('shoal_session=made-up'), 401);
  });
  await t.test('outlive a restart', async (t) => {
    await addUser(api.store, 'bert', 'viewer');
    const cookie = cookieIn(await logIn('bert', password));
    const again = await createFakeApi(t, { store: api.store, clock: api.clock });
    t.equal((await again.request('/api/v1/whoami', { cookie })).status, 200);
  });
});

t.test('guessing is slowed down, by address', async (t) => {
  const api = await createFakeApi(t, {});
  await addUser(api.store, 'anna', 'viewer');
  const logIn = (secret: string) =>
    api.request('/api/v1/login', { method: 'POST', body: { name: 'anna', password: secret } });
  const attempts = await Promise.all(Array.from({ length: 12 }, () => logIn('guess guess guess')));
  const statuses = attempts.map(({ status }) => status).sort();
  t.same(statuses, [...Array(10).fill(401), 429, 429]);
  t.equal((await logIn(password)).status, 429, 'the right one waits too');
  api.clock.now += 5 * 60_000 + 1;
  t.equal((await logIn(password)).status, 200);
});

t.test('other sites cannot make changes', async (t) => {
  const api = await createFakeApi(t, {});
  const cookie = await api.cookieOf('admin');
  const create = (request: object) =>
    api.request('/api/v1/tokens', { method: 'POST', body: {}, cookie, ...request });
  t.equal((await create({})).status, 200);
  t.equal((await create({ csrf: false })).status, 403, 'without the header');
  const disguised = { method: 'POST', body: {}, cookie, csrf: false };
  t.equal(
    (await api.request('/%61pi/v1/tokens', disguised)).status,
    403,
    'by an address written another way',
  );
  t.equal((await create({ headers: { origin: 'http://evil.example' } })).status, 403);
  t.equal((await create({ headers: { origin: 'null' } })).status, 403);
  t.equal((await create({ headers: { origin: api.server.url } })).status, 200);
  t.equal((await create({ headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
  t.equal((await create({ headers: { 'content-type': 'text/plain' } })).status, 415, 'only JSON is read');
  const login = { method: 'POST', body: { name: 'admin-user', password }, csrf: false };
  t.equal((await api.request('/api/v1/login', login)).status, 403, 'login too');
});

t.test('nothing but login, health, first run and the console answers without a session', async (t) => {
  const api = await createFakeApi(t, { consoleDir: consoleDir(t) });
  for (const path of ['/metrics', '/api/v1/openapi.json', '/api/v1/status', '/api/v1/events']) {
    t.equal((await api.request(path)).status, 401, path);
  }
  t.equal((await api.request('/api/v1/nothing')).status, 404);
  t.same(await (await api.request('/healthz')).json(), { status: 'ok' });
});

t.test('bad requests get clear errors', async (t) => {
  const api = await createFakeApi(t, {});
  const cookie = await api.cookieOf('admin');
  const post = (body: string, type = 'application/json') =>
    fetch(`${api.server.url}/api/v1/tokens`, {
      method: 'POST',
      body,
      headers: { cookie, 'content-type': type, 'x-shoal-csrf': '1' },
    });
  t.equal(await errorOf(await post('{"uses":')), 'invalid_input');
  t.equal(await errorOf(await post('[1]')), 'invalid_input');
  const large = await post(JSON.stringify({ ttl: 'x'.repeat(5_000_000) }));
  t.equal(large.status, 413);
  const found = await (await api.request('/api/v1/nodes/web9', { cookie })).json();
  t.same(found, { error: { code: 'not_found', message: 'no node "web9"', hint: 'did you mean web1?' } });
  const limit = await (await api.request('/api/v1/logs?limit=many', { cookie })).json();
  t.match(limit, { error: { code: 'invalid_input', problems: [{ path: '/limit' }] } });
  t.equal((await api.request('/api/v1/nodes', { method: 'POST', body: {}, cookie })).status, 404);
});

t.test('metrics need the token of the data directory, or a session', async (t) => {
  const api = await createFakeApi(t, {});
  const file = join(api.dataDir, 'metrics-token');
  const token = (await readFile(file, 'utf8')).trim();
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const scrape = (authorization: string) => api.request('/metrics', { headers: { authorization } });
  t.equal((await scrape('Bearer wrong')).status, 401);
  await (await scrape(`Bearer ${token}`)).text();
  const cookie = await api.cookieOf('viewer');
  await (await api.request('/api/v1/status', { cookie })).text();
  const response = await api.request('/metrics', { cookie });
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    /^shoal_nodes\{status="drifted"\} 1$/m,
    /^shoal_nodes\{status="down"\} 0$/m,
    /^shoal_rollouts\{status="running"\} 1$/m,
    /^shoal_links 1$/m,
    /^shoal_log_lines_total 12$/m,
    /^shoal_log_duplicates_total 3$/m,
    /^shoal_operations_total\{operation="status.get",door="http",code="ok"\} 1$/m,
    /^shoal_http_requests_total\{method="GET",route="\/api\/v1\/status",status="200"\} 1$/m,
    /^process_cpu_seconds_total/m,
  ]) {
    t.match(text, line);
  }
  const again = await createFakeApi(t, { dataDir: api.dataDir });
  t.equal((await again.request('/metrics', { headers: { authorization: `Bearer ${token}` } })).status, 200);
});

function consoleDir(t: Test): string {
  return t.testdir({
    'index.html': '<!doctype html>shoal',
    assets: { 'main-abc.js': 'let a;' },
    'theme.js': '',
  });
}

t.test('the console is served with a strict policy', async (t) => {
  const api = await createFakeApi(t, { consoleDir: consoleDir(t), dataDir: t.testdirName });
  for (const path of ['/', '/nodes/web1', '/first-run?token=x', '/index.html', '/nodes/web1.berlin']) {
    const page = await api.request(path);
    t.equal(await page.text(), '<!doctype html>shoal', path);
    t.equal(page.headers.get('cache-control'), 'no-cache', path);
    t.match(page.headers.get('content-security-policy'), /^default-src 'self';/);
    t.notMatch(page.headers.get('content-security-policy'), /unsafe/);
    t.equal(page.headers.get('referrer-policy'), 'no-referrer');
  }
  const script = await api.request('/assets/main-abc.js');
  t.match(script.headers.get('cache-control'), /immutable/);
  t.match(script.headers.get('content-type'), /javascript/);
  t.equal((await api.request('/assets/gone.js')).status, 404);
  for (const path of ['/..%2fmetrics-token', '/assets/..%2f..%2fmetrics-token']) {
    t.notMatch(
      await (await api.request(path)).text(),
      await readFile(join(api.dataDir, 'metrics-token')),
      path,
    );
  }
  const bare = await createFakeApi(t, {});
  t.match(await (await bare.request('/')).json(), { error: { message: 'the console is not installed' } });
});

t.test('event streams', async (t) => {
  const api = await createFakeApi(t, { heartbeatMs: 20, streamLimits: { total: 3, perUser: 2 } });
  const cookie = await api.cookieOf('viewer');
  await t.test('carry outputs and heartbeats, and leave nothing behind', async (t) => {
    const abort = new AbortController();
    const stream = await api.request('/api/v1/events', { cookie, signal: abort.signal });
    t.match(stream.headers.get('content-type'), /^text\/event-stream/);
    t.equal(stream.headers.get('x-content-type-options'), 'nosniff');
    const read = reader(stream);
    await read(/^data: \{"type":"node","node":\{"name":"web1"/m);
    api.services.emit({ type: 'node-removed', name: 'web1' });
    await read(/^data: \{"type":"node-removed","name":"web1"\}\n\n/m);
    await read(/^:\n\n/m);
    t.equal(api.services.readers(), 1);
    abort.abort();
    await until(() => api.services.readers() === 0);
  });
  await t.test('are refused with a status when the question is wrong', async (t) => {
    const response = await api.request('/api/v1/rollout/watch?revision=9', { cookie });
    t.equal(response.status, 404);
    t.equal(await errorOf(response), 'not_found');
  });
  await t.test('end with the session', async (t) => {
    const own = await loggedIn(api);
    const stream = await api.request('/api/v1/logs/watch', { cookie: own });
    await api.request('/api/v1/logout', { method: 'POST', body: {}, cookie: own });
    t.match(await stream.text(), /event: error\ndata: \{"error":\{"code":"unauthenticated"/);
    await until(() => api.services.readers() === 0);
  });
  await t.test('are limited by user', async (t) => {
    const abort = new AbortController();
    const open = () => api.request('/api/v1/events', { cookie, signal: abort.signal });
    t.same([(await open()).status, (await open()).status, (await open()).status], [200, 200, 429]);
    abort.abort();
    await until(() => api.services.readers() === 0);
  });
  await t.test('are told when the controller stops', async (t) => {
    const stream = await api.request('/api/v1/events', { cookie });
    const text = stream.text();
    await api.server.close();
    t.match(await text, /event: error\ndata: \{"error":\{"code":"unavailable"/);
    t.equal(api.services.readers(), 0);
  });
});

async function loggedIn(api: FakeApi): Promise<string> {
  const body = { name: 'viewer-user', password };
  return cookieIn(await api.request('/api/v1/login', { method: 'POST', body }));
}

/** Reads on until the text so far matches. */
function reader(response: Response): (wanted: RegExp) => Promise<void> {
  const source = response.body?.getReader();
  let text = '';
  return async (wanted) => {
    while (!wanted.test(text)) {
      const chunk = await source?.read();
      if (chunk === undefined || chunk.done) throw new Error(`the stream ended without ${wanted}: ${text}`);
      text += Buffer.from(chunk.value).toString();
    }
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

t.test('a port that is taken is told with its place in the configuration', async (t) => {
  const other = createServer().listen(0, '127.30.2.1');
  t.teardown(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  await t.rejects(createFakeApi(t, { listen: { host: '127.30.2.1', port } }), {
    code: 'failed_precondition',
    message: `http.listen 127.30.2.1:${port}: the port is taken`,
  });
});

t.test('over TLS the cookie is for TLS only, and the certificate can be renewed', async (t) => {
  const now = Date.now();
  const ca = await CertificateAuthority.create({ clusterName: 'test', now });
  const issue = () => ca.issueServer({ hosts: ['127.30.0.1'], days: 1 });
  const api = await createFakeApi(t, { tls: await issue() });
  await addUser(api.store, 'anna', 'viewer');
  const ask = (path: string, body?: object) =>
    new Promise<{ status: number; cookie: string; fingerprint: string }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-shoal-csrf': '1' };
      const method = body === undefined ? 'GET' : 'POST';
      const options = { ca: ca.certificatePem, method, headers, agent: false };
      const request = https.request(`${api.server.url}${path}`, options, (response) => {
        const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
        const cookie = response.headers['set-cookie']?.[0] ?? '';
        response.resume();
        resolve({ status: response.statusCode ?? 0, cookie, fingerprint: fingerprint256 });
      });
      request.on('error', reject).end(body === undefined ? '' : JSON.stringify(body));
    });
  t.match(api.server.url, /^https:/);
  t.match(api.server.firstRunUrl, /^https:/);
  const login = await ask('/api/v1/login', { name: 'anna', password });
  t.equal(login.status, 200);
  t.match(login.cookie, /; Secure/);
  api.server.renewTls(await issue());
  const renewed = await ask('/healthz');
  t.equal(renewed.status, 200);
  t.not(renewed.fingerprint, login.fingerprint);
});
