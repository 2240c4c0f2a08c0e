import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { readAnswer } from './answer.js';
import { Generator } from './generator.js';
import { describeLoad, type LoadOptions, type LoadReport } from './report.js';
import { startLoad } from './start-load.js';

/** A server that does with each request what `answer` says; requests must fit one packet, as the generator's do. */
async function serve(
  t: Test,
  answer: (socket: Socket, request: string, number: number) => void,
): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let requests = 0;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (data) => answer(socket, data.toString(), requests++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends until so many requests were begun, the condition holds, and all requests ended. */
async function send(
  requests: number,
  options: LoadOptions,
  condition: () => boolean = () => true,
): Promise<LoadReport> {
  const generator = new Generator(options);
  do await new Promise((resolve) => setTimeout(resolve, (requests / options.requestsPerSecond) * 1000));
  while (!condition());
  return await generator.stop();
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

t.test('answers are read by length, by chunks, and to the end of the connection', async (t) => {
  const read = (text: string, method = 'GET', ended = false) => readAnswer(Buffer.from(text), method, ended);
  t.same(read(ok('abc')), { status: 200, body: 'abc', keep: true });
  t.equal(read(ok('abc').slice(0, -1)), 'partial');
  t.equal(read('HTTP/1.1 200 OK\r\nCont'), 'partial');
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n';
  t.same(read(chunked), { status: 200, body: 'abc', keep: false });
  for (let cut = 1; cut < chunked.length; cut += 9) t.equal(read(chunked.slice(0, cut)), 'partial');
  t.same(read('HTTP/1.1 502 Bad\r\n\r\nrest', 'GET', true), { status: 502, body: 'rest', keep: false });
  t.same(read('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HEAD'), { status: 200, body: '', keep: true });
  t.throws(() => read('SSH-2.0-OpenSSH\r\n\r\n'), /not an answer/);
});

t.test('a constant load: connections kept and fresh, methods mixed, each answer counted', async (t) => {
  let fresh = 0;
  const seen = new Set<string>();
  const server = createHttpServer((request, response) => {
    if (request.headers.connection === 'close') fresh++;
    seen.add(`${request.method} ${request.url} ${request.headers.connection ?? ''}`);
    request.resume().on('end', () => response.end('one'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mix = [
    { path: '/a?x', expect: '^one$', weight: 2 },
    { path: '/b', method: 'POST', body: 'text' },
  ] as const;
  const load = startLoad({ targets: [target], requestsPerSecond: 400, mix, fresh: 0.25, connections: 10 });
  while (seen.size < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const report = await load.stop();
  t.same([...seen].sort(), ['GET /a?x ', 'GET /a?x close', 'POST /b ', 'POST /b close']);
  t.match(report, { strictFailures: 0, standardFailures: 0, failures: [] });
  t.equal(report.bodies['one']?.answers, report.requests);
  const rate = report.requests / report.seconds;
  t.ok(rate > 350 && rate < 450, `${rate} requests a second`);
  const share = fresh / report.requests;
  t.ok(share > 0.2 && share < 0.3, `${fresh} of ${report.requests} requests on connections of their own`);
  t.ok(report.latencyMs.p50 > 0 && report.latencyMs.p50 <= report.latencyMs.p99);
});

t.test(
  'a reused connection that closes unanswered fails for the strict client, not for the standard one',
  async (t) => {
    // Each connection takes one request; the next is answered by closing, as an idle timeout in the wrong moment does.
    let closed = 0;
    const target = await serve(t, (socket, _request, number) => {
      if (number === 0) return void socket.write(ok('x'));
      closed += 1;
      socket.destroy();
    });
    // On a busy machine many requests begin, each on a new connection, before one is free again.
    const options = { targets: [target], requestsPerSecond: 400, fresh: 0, connections: 2 };
    const report = await send(40, options, () => closed > 0);
    t.ok(report.strictFailures > 0, describeLoad(report));
    t.equal(report.standardFailures, 0);
    t.match(report.failures[0], {
      connection: 'reused',
      reason: /closed before the answer/,
      retried: 'answered',
    });

    const posts = [{ path: '/', method: 'POST', body: 'x' }] as const;
    closed = 0;
    const careful = await send(40, { ...options, mix: posts }, () => closed > 0);
    t.ok(careful.strictFailures > 0);
    t.equal(careful.standardFailures, careful.strictFailures, 'a POST is never repeated');
  },
);

t.test('a connection that closes while it is idle fails for nobody', async (t) => {
  const target = await serve(t, (socket) => {
    socket.write(ok('x'), () => socket.end());
  });
  const report = await send(60, { targets: [target], requestsPerSecond: 300, fresh: 0, connections: 5 });
  t.match(report, { standardFailures: 0 });
});

t.test(
  'what fails for both: a wrong status, a wrong body, half an answer, silence, a refused connection',
  async (t) => {
    const target = await serve(t, (socket, request) => {
      if (request.startsWith('GET /500')) socket.write('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
      else if (request.startsWith('GET /half')) socket.end(ok('0123456789').slice(0, -5));
      else if (!request.startsWith('GET /silent')) socket.write(ok('other'));
    });
    const mix = [
      { path: '/500' },
      { path: '/body', expect: '^right$' },
      { path: '/half' },
      { path: '/silent' },
    ];
    const report = await send(40, { targets: [target], requestsPerSecond: 400, mix, timeoutMs: 300 });
    t.equal(report.strictFailures, report.requests);
    t.equal(report.standardFailures, report.requests);
    const reasons = new Set(report.failures.map(({ path, reason }) => `${path} ${reason}`));
    t.same([...reasons].sort(), [
      '/500 status 500',
      '/body wrong body: "other"',
      '/half closed in the middle of the answer',
      '/silent no answer within 0.3 s',
    ]);
    const refused = await send(5, { targets: ['http://127.0.0.1:1'], requestsPerSecond: 100 });
    t.match(refused.failures[0]?.reason, /ECONNREFUSED/);
    t.equal(refused.standardFailures, refused.requests);
    t.match(
      describeLoad(refused),
      /strict client \d+, standard client \d+\nlatency .*\n {2}\d+ x ECONNREFUSED/s,
    );
  },
);
