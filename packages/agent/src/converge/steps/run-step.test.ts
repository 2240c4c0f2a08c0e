import { chownSync, lchownSync, mkdirSync, symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { t } from 'tap';
import type { RenderedLink, RenderedStep, RenderedWait, WaitFor } from '../render/rendered.js';
import { testContext } from './context.test.support.js';
import { applyStep, checkStep, undoStep } from './run-step.js';

const linkAt = (path: string): RenderedLink => ({ type: 'link', id: 'l', path, target: 'x', notify: null });

t.test("paths that are not a step's matter are refused, also by way of links", async (t) => {
  const root = t.testdir({ data: { services: { web: {}, other: {} } }, srv: {} });
  const data = join(root, 'data');
  symlinkSync('/proc', join(root, 'kernel'));
  symlinkSync('data', join(root, 'linked'));
  symlinkSync('loop', join(root, 'loop'));
  const context = {
    ...testContext({ directory: root }),
    guard: { dataDir: join(root, 'linked'), own: join(root, 'linked/services/web') },
  };
  const refused = (path: string, message: RegExp) => t.rejects(checkStep(linkAt(path), context), { message });
  await refused('/proc/sys/kernel/x', /^unsafe path: \/proc\/sys\/kernel\/x lies in \/proc$/);
  await refused('/sys', /^unsafe path: \/sys lies in \/sys$/);
  await refused('/dev/x', /lies in \/dev$/);
  await refused(join(root, 'kernel/sys/x'), /kernel\/sys\/x is \/proc\/sys\/x, which lies in \/proc$/);
  await refused(join(data, 'converge/state.json'), /lies in the agent's own data directory .*linked$/);
  await refused(join(root, 'linked/agent.key'), /lies in the agent's own data directory/);
  await refused(join(data, 'services/other/x'), /lies in the agent's own data directory/);
  await refused(join(root, 'loop/x'), /leads through too many links$/);
  for (const path of [
    join(data, 'services/web/x'),
    join(root, 'linked/services/web/x'),
    join(root, 'srv/x'),
  ]) {
    t.equal((await checkStep(linkAt(path), context)).holds, false, path);
  }
});

t.test(
  'a link of another user on the way is refused',
  { skip: process.getuid?.() !== 0 && 'needs root' },
  async (t) => {
    const root = t.testdir({ target: {} });
    symlinkSync('target', join(root, 'theirs'));
    lchownSync(join(root, 'theirs'), 65_534, 65_534);
    const context = testContext({ directory: root });
    await t.rejects(checkStep(linkAt(join(root, 'theirs', 'x')), context), {
      message: `unsafe path: ${root}/theirs/x leads through the link ${root}/theirs of another user (id 65534)`,
    });
    mkdirSync(join(root, 'owned'));
    chownSync(join(root, 'owned'), 65_534, 65_534);
    t.equal(
      (await checkStep(linkAt(join(root, 'owned', 'x')), context)).holds,
      false,
      'a directory of theirs is fine',
    );
  },
);

t.test('a step that takes longer than its timeout is ended, each part of it', async (t) => {
  const context = testContext({ directory: t.testdir() });
  const exec: RenderedStep = {
    type: 'exec',
    id: 'e',
    command: ['sh', '-c', 'echo began; sleep 30'],
    check: ['sleep', '30'],
    environment: {},
    timeoutMs: 200,
  };
  const message = "it took longer than 200ms, the step's timeout";
  await t.rejects(checkStep(exec, context), { message });
  await t.rejects(applyStep(exec, context), { message, output: 'began' });
  const undo = { command: ['sleep', '30'], environment: {}, timeoutMs: 30_000 };
  await t.rejects(undoStep({ type: 'exec', undo, timeoutMs: 200 }, context), { message });
});

t.test('a wait holds once a port, a URL or a command answers', async (t) => {
  const wait = (what: WaitFor, timeoutMs = 20_000): RenderedWait => {
    return { type: 'wait', id: 'w', for: what, intervalMs: 50, timeoutMs };
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  await new Promise((resolve) => server.close(resolve));
  const lines: string[] = [];
  const context = testContext({ directory: t.testdir(), output: (line) => lines.push(line) });
  const byPort = wait({ kind: 'port', host: '127.0.0.1', port });
  const reason = `port ${port} of 127.0.0.1: ECONNREFUSED`;
  t.equal((await checkStep(byPort, context)).difference, `waits up to 20s: ${reason}`);
  const waiting = applyStep(byPort, context);
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.same(lines, [reason]);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  t.match(await waiting, /^answered after \d/);
  for (const what of [
    { kind: 'url', url },
    { kind: 'command', command: ['test', '-d', '/'] },
  ] as const) {
    t.same(await checkStep(wait(what), context), { holds: true, difference: '' });
  }
  await t.rejects(applyStep(wait({ kind: 'command', command: ['false'] }, 300), context), {
    message: /^(waited 300ms in vain: false exits with 1|it took longer than 300ms, the step's timeout)$/,
  });
  const missing = wait({ kind: 'command', command: ['nothing-like-it'] });
  t.match((await checkStep(missing, context)).difference, /nothing-like-it isn't installed$/);
});
