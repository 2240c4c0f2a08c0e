import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { createLogger, type ManifestService } from '@shoal/common';
import t from 'tap';
import { LogCollector, type SpooledLine } from '../../observe/log-collector.js';
import { Spool } from '../../observe/spool/spool.js';
import { Traffic } from '../../observe/traffic/traffic.js';
import { commandEnvironment } from '../command.js';
import { manifestOf, member, startHost, until } from '../harness.test.support.js';

function withoutNginx(): string | undefined {
  try {
    execFileSync('nginx', ['-v'], { env: commandEnvironment(), stdio: 'ignore' });
    return undefined;
  } catch {
    return process.env['CI'] === 'true' ? undefined : 'nginx is not installed';
  }
}

const address = '127.41.1.1';
const port = 18411;

/** nginx as a gateway that knows no reload: it answers everything with `status`. */
function gateway(directory: string, status: number): ManifestService {
  const config = `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events {}
http {
  log_format requests escape=json '{"msec":"$msec","status":"$status","took":"$request_time"}';
  access_log ${directory}/access.log requests;
  server {
    listen ${address}:${port};
    location = /healthz/{{ digest }} { access_log off; return 200; }
    location /healthz/ { access_log off; return 404; }
    location / { return {{ params.status }} "answer"; }
  }
}
`;
  return {
    name: 'gateway',
    blueprint: 'gateway',
    blueprintVersion: '1.0.0',
    params: { status },
    variables: {},
    steps: [
      {
        type: 'file',
        id: 'config',
        path: `${directory}/nginx.conf`,
        content: config,
        validate: ['nginx', '-t', '-q', '-c', '{{ staged }}'],
        notify: 'restart',
      },
      { type: 'service', id: 'run' },
    ],
    process: {
      command: ['nginx', '-c', `${directory}/nginx.conf`],
      stopSignal: 'SIGQUIT',
      stopTimeout: '10s',
    },
    health: {
      url: `http://${address}:${port}/healthz/{{ files.config.digest }}`,
      interval: '100ms',
      healthyFor: '200ms',
      deadline: '20s',
    },
    drain: { quiet: '500ms', settle: '600ms', timeout: '20s' },
    metrics: [],
    logs: [
      {
        source: 'access',
        file: `${directory}/access.log`,
        parser: 'json',
        traffic: { status: 'status', seconds: 'took' },
      },
    ],
  };
}

function ask(url: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

t.test(
  'nginx behind a load balancer: no request fails in a change, a worse one is taken back',
  {
    skip: withoutNginx() ?? false,
  },
  async (t) => {
    const directory = t.testdir();
    const logger = createLogger({ name: 'test', level: 'silent' });
    const spool = await Spool.open<SpooledLine>({ directory: `${directory}/spool`, maxBytes: 1e8, logger });
    const traffic = new Traffic();
    const collector = new LogCollector({ spool, logger, traffic });
    const two = { ...member('two', '127.41.1.2'), tags: { svc: 'gateway:h' } };
    const host = await startHost(t, {
      dataDir: `${directory}/data`,
      address,
      traffic,
      members: [member('one', address), two],
    });
    t.teardown(async () => {
      await collector.stop();
      await spool.close();
    });
    await host.converge(manifestOf(1, gateway(directory, 200)));
    await collector.update(host.converger.observed());

    // A load balancer that hears of draining as late as gossip and a reload take it to.
    const answers: number[] = [];
    let isOut = false;
    const balancer = setInterval(() => {
      const draining = host.converger.draining().includes('gateway');
      setTimeout(() => {
        isOut = draining;
      }, 300).unref();
      if (!isOut) void ask(`http://${address}:${port}/`).then((status) => answers.push(status));
    }, 10);
    t.teardown(() => clearInterval(balancer));
    const asked = (): number => traffic.window('gateway', Date.now() - 60_000, Date.now())?.requests ?? 0;
    await until('traffic before the change', () => asked() > 50);

    await host.converge(manifestOf(2, gateway(directory, 204)));
    t.strictSame(
      [...new Set(answers)].sort(),
      [200, 204],
      'every request was answered, by the old or the new one',
    );
    t.match(
      host.events.find(({ step, kind }) => step === 'gate' && kind === 'done')?.text,
      /^\d+ requests in .*, 0 % failed/,
      'and the new one was judged by its own',
    );

    answers.length = 0;
    const begun = Date.now();
    const report = await host.converge(manifestOf(3, gateway(directory, 500)));
    const took = Date.now() - begun;
    t.match(report, { runningRevision: 2, failedRevision: 3, draining: [] });
    t.match(report.failure, { service: 'gateway', step: 'gate', undone: true, message: / failed in the / });
    t.ok(took < 30_000, `undone ${took} ms after it was begun`);
    answers.length = 0;
    await until('traffic after it was taken back', () => answers.length > 20);
    t.strictSame([...new Set(answers)], [204]);
  },
);
