import { createServer } from 'node:http';
import { join } from 'node:path';
import type { ManifestService } from '@shoal/common';
import { t } from 'tap';
import type { ProcessStatus } from '../../supervise/supervisor.js';
import { systemClock } from '../clock.js';
import { fetchText, manifestOf, startHost } from '../harness.test.support.js';
import type { AttemptEnvironment } from './environment.js';
import { type GatedService, passGate } from './gate.js';

const service: GatedService = {
  name: 'web',
  process: {
    service: 'web',
    directory: '/',
    environment: {},
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 1000,
  },
  health: { url: 'http://127.0.0.1:1/', intervalMs: 1, timeoutMs: 1, healthyForMs: 20, deadlineMs: 5000 },
  supervised: true,
};

const running: ProcessStatus = { state: 'running', detail: '', startedAt: 1, pid: 7, restarts: 0 };

/** A service that always answers, whose process is each of these in turn, then the last one. */
function environment(...statuses: readonly ProcessStatus[]): AttemptEnvironment {
  const left = [...statuses];
  const never = new AbortController().signal;
  const parts: Partial<AttemptEnvironment> = {
    clock: systemClock,
    probe: async () => ({ healthy: true, detail: 'answered 200' }),
    gateSaw: () => undefined,
    stopping: never,
    superseded: never,
    wakes: never,
    supervisor: {
      status: async () => (left.length > 1 ? left.shift() : left[0]) ?? running,
      lastOutput: async () => ['listening', '[ERROR] bind: address already in use', 'bye'],
    } as Partial<AttemptEnvironment['supervisor']> as AttemptEnvironment['supervisor'],
  };
  return parts as AttemptEnvironment;
}

t.test('a service whose process stays passes', async (t) => {
  t.type(await passGate(service, environment(running)), 'number');
});

t.test('one that answers while its process goes, comes back, or is replaced does not pass', async (t) => {
  const said = '; it said: [ERROR] bind: address already in use';
  const table: readonly (readonly [ProcessStatus, string])[] = [
    [{ ...running, pid: null, state: 'failed', detail: 'exited' }, `didn't stay up: exited${said}`],
    [{ ...running, restarts: 1 }, `didn't stay up${said}`],
    // As somebody's own restart looks: systemd counts from nothing then.
    [{ ...running, pid: 8 }, `is another one by now (it was 7, it is 8)${said}`],
  ];
  for (const [then, what] of table) {
    const message = `the process of web ${what}`;
    await t.rejects(passGate(service, environment(running, running, running, then)), { message }, message);
  }
});

t.test('who holds the port may answer well: a process that gives up on it fails', async (t) => {
  const other = createServer((_request, response) => response.end('other'));
  await new Promise<void>((resolve) => other.listen(18461, '127.40.0.1', resolve));
  t.teardown(() => other.close());
  const directory = t.testdir({
    'stubborn.mjs': `
      import { createServer } from 'node:http';
      const server = createServer();
      // It tries for a while, as nginx does.
      const listen = () => server.listen(18461, '127.40.0.1');
      let tries = 0;
      server.on('error', (error) => {
        tries += 1;
        if (tries < 4) return setTimeout(listen, 300);
        console.error('cannot listen:', error.message);
        process.exit(1);
      });
      listen();
    `,
  });
  const url = 'http://127.40.0.1:18461/';
  const stubborn: ManifestService = {
    name: 'web',
    blueprint: 'web',
    blueprintVersion: '1.0.0',
    params: {},
    variables: {},
    steps: [{ type: 'service', id: 'run' }],
    process: { command: ['{{ nodeBinary }}', join(directory, 'stubborn.mjs')] },
    health: { url, interval: '50ms', healthyFor: '10s', deadline: '30s' },
    metrics: [],
    logs: [],
  };
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const report = await host.converge(manifestOf(1, stubborn));
  t.match(report.failure, { service: 'web', step: 'health', undone: true });
  t.match(
    report.failure?.message,
    /^the process of web didn't stay up: it exited with 1; it said: cannot listen: .*EADDRINUSE/,
  );
  t.equal(await fetchText(url), 'other');
});
