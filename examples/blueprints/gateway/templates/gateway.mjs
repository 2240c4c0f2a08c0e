// A small gateway without dependencies. `gateway.mjs CONFIG` serves, `gateway.mjs --check CONFIG` only judges the file.
// It passes requests to its upstreams in turn (or answers with a fixed body), at most so many a second, answers /healthz and /healthz/GENERATION,
// writes one JSON line a request to its output, and takes its configuration anew on SIGHUP.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';

const upstreamTimeoutMs = 30_000;
const upstreamAgent = new Agent({ keepAlive: true });

/** Throws with one line that names the file and what is wrong in it. */
function readConfig(path) {
  let config;
  try {
    config = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error.message}`);
  }
  const complain = (what) => {
    throw new Error(`${path}: ${what}`);
  };
  const { generation, address, port, body, upstreams, requestsPerSecond, tier } = config;
  if (typeof generation !== 'string') complain('generation: expected a text');
  if (typeof address !== 'string') complain('address: expected a text');
  if (!Number.isInteger(port) || port < 1 || port > 65535) complain('port: expected 1 to 65535');
  if (typeof body !== 'string') complain('body: expected a text');
  if (typeof requestsPerSecond !== 'number' || requestsPerSecond < 0)
    complain('requestsPerSecond: expected a number, 0 for no limit');
  if (typeof tier !== 'string') complain('tier: expected a text');
  if (!Array.isArray(upstreams)) complain('upstreams: expected a list');
  for (const [index, upstream] of upstreams.entries()) {
    if (!URL.canParse(`http://${upstream}`)) complain(`upstreams[${index}]: expected host:port`);
  }
  return config;
}

function main() {
  const [first, second] = process.argv.slice(2);
  const checking = first === '--check';
  const path = checking ? second : first;
  if (path === undefined) {
    console.error('usage: gateway.mjs [--check] CONFIG');
    process.exit(2);
  }
  let config;
  try {
    config = readConfig(path);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
  if (!checking) serve(path, config);
}

function serve(path, first) {
  let config = first;
  let turn = 0;
  const bucket = { tokens: 0, at: 0 };
  const next = () => config.upstreams[turn++ % config.upstreams.length];
  const server = createServer((incoming, outgoing) => {
    const [pathname] = (incoming.url ?? '/').split('?');
    if (pathname === '/healthz' || pathname.startsWith('/healthz/'))
      return health(pathname, config, outgoing);
    const started = performance.now();
    const entry = { requestId: randomUUID(), upstream: '' };
    outgoing.on('close', () => log(incoming, outgoing, entry, performance.now() - started));
    if (!admits(bucket, config.requestsPerSecond)) {
      entry.refused = 'limit';
      refuse(outgoing, config);
      return;
    }
    if (config.upstreams.length === 0) {
      outgoing.setHeader('content-type', 'text/html; charset=utf-8');
      outgoing.end(config.body);
      return;
    }
    entry.upstream = next();
    pass(incoming, outgoing, entry, config.upstreams.length > 1 ? next() : undefined);
  });
  const listen = () => server.listen(config.port, config.address);
  server.on('error', (error) => {
    console.error(`can't listen on ${config.address}:${config.port}: ${error.message}`);
    process.exit(1);
  });
  listen();
  process.on('SIGHUP', () => {
    try {
      const before = config;
      config = readConfig(path);
      if (before.port === config.port && before.address === config.address) return;
      server.close();
      listen();
    } catch (error) {
      console.error(`the old configuration stays: ${error.message}`);
    }
  });
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 5000).unref();
  });
}

/** Tells a client which limit its request was beyond. */
function refuse(outgoing, { requestsPerSecond, tier }) {
  const headers = {
    'content-type': 'text/plain',
    'retry-after': '1',
    'ratelimit-policy': `"shoal-license";q=${requestsPerSecond};w=1`,
  };
  const limit = `limit of ${requestsPerSecond} requests/s on this node by the license's tier ${tier}`;
  outgoing
    .writeHead(429, headers)
    .end(`too many requests: ${limit} (operators: shoal status, or shoal status --local on that node)\n`);
}

/** Whether one more request is within the limit (0: there is none); as many as in a second may come at once. */
function admits(bucket, perSecond) {
  if (perSecond === 0) return true;
  const now = performance.now();
  bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

function health(pathname, config, outgoing) {
  const known = pathname === '/healthz' || pathname === `/healthz/${config.generation}`;
  outgoing
    .writeHead(known ? 200 : 404, { 'content-type': 'text/plain' })
    .end(known ? 'ok\n' : 'not this one\n');
}

/** Passes a request on; one without a body is tried at the other upstream when the first can't be reached. */
function pass(incoming, outgoing, entry, other) {
  const { hostname, port } = new URL(`http://${entry.upstream}`);
  const headers = { ...incoming.headers, 'x-request-id': entry.requestId };
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], incoming.socket.remoteAddress]
    .filter(Boolean)
    .join(', ');
  const { method, url: path } = incoming;
  const options = { hostname, port, method, path, headers, agent: upstreamAgent, timeout: upstreamTimeoutMs };
  const outbound = request(options, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  outbound.on('timeout', () => outbound.destroy(new Error('timeout')));
  outbound.on('error', () => {
    if (outgoing.headersSent) return outgoing.destroy();
    if (other !== undefined && (method === 'GET' || method === 'HEAD')) {
      entry.upstream = other;
      return pass(incoming, outgoing, entry, undefined);
    }
    outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('no upstream answers\n');
  });
  incoming.pipe(outbound);
}

function log(incoming, outgoing, entry, durationMs) {
  const line = {
    time: new Date().toISOString(),
    method: incoming.method,
    path: incoming.url,
    status: String(outgoing.statusCode),
    duration: (durationMs / 1000).toFixed(3),
    client: incoming.socket.remoteAddress ?? '',
    host: incoming.headers.host ?? '',
    userAgent: incoming.headers['user-agent'] ?? '',
    ...entry,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main();
