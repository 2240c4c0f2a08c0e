import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BlueprintSet, Manifest, Params } from '@shoal/common';
import { compileManifest, loadBlueprints } from '@shoal/common';
import { t } from 'tap';
import { commandEnvironment } from './command.js';
import { fetchText, member, startHost, until } from './harness.test.support.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const blueprints: BlueprintSet = await loadBlueprints([
  join(root, 'blueprints'),
  join(root, 'examples/blueprints'),
]);

function manifest(blueprint: string, revision: number, params: Params): Manifest {
  const spec = { cluster: 'test', services: { web: { blueprint, nodes: 'all', params } } } as const;
  return compileManifest({
    spec,
    blueprints,
    clusterId: 'test',
    node: { name: 'one', site: 'here' },
    revision,
  });
}

/** Why tests with the real nginx can't run here; undefined: they can. In CI a missing nginx is a failure, not a reason. */
function withoutNginx(): string | undefined {
  try {
    execFileSync('nginx', ['-v'], { env: commandEnvironment(), stdio: 'ignore' });
    return undefined;
  } catch {
    return process.env['CI'] === 'true' ? undefined : 'nginx is not installed';
  }
}

/** Process ids of the processes whose parent is the given one. */
function childrenOf(parent: number): string {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
}

const skip = withoutNginx() ?? false;

t.test('nginx serves, changes gracefully, refuses what it can not read', { skip }, async (t) => {
  const address = '127.40.1.1';
  const dataDir = t.testdir();
  const host = await startHost(t, { dataDir, address });
  const directory = join(dataDir, 'services', 'web');
  const base = { port: 8080, listenOn: 'node', workerProcesses: '1' };
  const report = await host.converge(manifest('nginx', 1, { ...base, body: 'hello' }));
  t.match(report, { state: 'IDLE', failedHash: '', failure: null });
  t.equal(await fetchText(`http://${address}:8080/`), 'hello');
  t.equal(await fetchText(`http://${address}:8080/healthz`), 'ok\n');
  const master = Number(readFileSync(join(directory, 'nginx.pid'), 'utf8'));

  const metrics = host.converger.observed()[0]?.metrics[0];
  t.equal(metrics?.url, `http://${address}:8080/.shoal/status`);
  t.match(await fetchText(metrics?.url ?? ''), /Active connections: \d+/);

  t.test('its access log is JSON, a line a request, health checks left out', async (t) => {
    await fetchText(`http://${address}:8080/some?q=x`);
    const [access] = host.converger.observed()[0]?.logs ?? [];
    t.match(access, {
      ...{ source: 'access', file: join(directory, 'access.log'), parser: 'json' },
      traffic: { status: 'status', seconds: 'duration' },
    });
    // nginx writes the line after it has answered.
    const lines = await until('the line of the request', () => {
      const written = readFileSync(access?.file ?? '', 'utf8')
        .trim()
        .split('\n');
      return written.at(-1)?.includes('/some?q=x') ? written : undefined;
    });
    t.match(JSON.parse(lines.at(-1) ?? ''), {
      method: 'GET',
      path: '/some?q=x',
      status: '404',
      client: /^127\./,
    });
    t.notOk(lines.some((line) => line.includes('/healthz')));
  });

  t.test('changed content needs no reload, a changed configuration one', async (t) => {
    const workers = childrenOf(master);
    await host.converge(manifest('nginx', 2, { ...base, body: 'changed' }));
    t.equal(await fetchText(`http://${address}:8080/`), 'changed');
    t.equal(childrenOf(master), workers);
    const limited = await host.converge(
      manifest('nginx', 3, { ...base, body: 'changed', clientMaxBodySize: '7m' }),
    );
    t.equal(limited.failedHash, '');
    t.equal(Number(readFileSync(join(directory, 'nginx.pid'), 'utf8')), master, 'the master stays');
    t.not(childrenOf(master), workers, 'the workers are new');
  });

  t.test('an invalid directive is refused by nginx -t before anything is touched', async (t) => {
    const before = statSync(join(directory, 'nginx.conf'));
    const workers = childrenOf(master);
    const bad = manifest('nginx', 4, { ...base, body: 'never', extraConfig: 'no_such_directive on;' });
    const differences = await host.converger.check(bad);
    t.match(differences.at(-1), { step: 'config', problem: /unknown directive "no_such_directive"/ });
    const refused = await host.converge(bad);
    t.match(refused, { state: 'FAILED', runningRevision: 3, failedRevision: 4 });
    t.match(refused.failure, {
      service: 'web',
      step: 'config',
      undone: true,
      message:
        /^the new .*\/nginx\.conf is refused: nginx exited with 1: .*unknown directive "no_such_directive"/,
      output: /\[emerg\].* unknown directive "no_such_directive" in .*\/services\/web\/nginx\.conf:\d+/,
    });
    t.equal(await fetchText(`http://${address}:8080/`), 'changed');
    const after = statSync(join(directory, 'nginx.conf'));
    t.same([after.ino, after.mtimeMs], [before.ino, before.mtimeMs], 'the file is the very same');
    t.equal(childrenOf(master), workers);
    t.same(
      readdirSync(directory).filter((name) => name.startsWith('.shoal')),
      [],
    );
  });

  t.test('an address that is taken by another passes nginx -t, and is undone by the gate', async (t) => {
    const other = createServer((_request, response) => response.end('other'));
    await new Promise<void>((resolve) => other.listen(8081, address, resolve));
    t.teardown(() => new Promise((resolve) => other.close(resolve)));
    const service = manifest('nginx', 5, { ...base, port: 8081, body: 'moved' });
    const impatient = {
      ...service,
      services: service.services.map((s) => ({ ...s, health: s.health && { ...s.health, deadline: '1s' } })),
    };
    // The other server answers 200 to everything: only a wrong status would tell, so the page is looked at.
    other.removeAllListeners('request');
    other.on('request', (_request, response) => response.writeHead(404).end('other'));
    const refused = await host.converge(impatient);
    t.match(refused.failure, { step: 'health', undone: true });
    t.equal(await fetchText(`http://${address}:8080/`), 'changed');
    t.equal(Number(readFileSync(join(directory, 'nginx.pid'), 'utf8')), master);
  });

  t.test('nothing is left when it is removed', async (t) => {
    await host.converge({ ...manifest('nginx', 6, base), services: [] });
    t.notOk(existsSync(`/proc/${master}`));
    t.equal(await fetchText(`http://${address}:8080/`), undefined);
  });
});

t.test('nginx passes requests to upstreams and to the members that live', { skip }, async (t) => {
  const address = '127.40.1.2';
  const backends = ['127.40.1.3', '127.40.1.4'];
  for (const backend of backends) {
    const server = createServer((_request, response) => response.end(backend));
    await new Promise<void>((resolve) => server.listen(18300, backend, resolve));
    t.teardown(() => new Promise((resolve) => server.close(resolve)));
  }
  const members = backends.map((backend, index) => member(`m${index}`, backend));
  const host = await startHost(t, { dataDir: t.testdir(), address, members });
  const base = { port: 8080, listenOn: 'node', workerProcesses: '1' };
  const report = await host.converge(manifest('nginx', 1, { ...base, memberPort: 18300 }));
  t.equal(report.failedHash, '', report.failure?.output ?? '');
  const seen = async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => fetchText(`http://${address}:8080/`)));
    return [...new Set(answers)].sort();
  };
  t.same(await seen(), backends);
  host.members = members.slice(0, 1);
  host.events.length = 0;
  host.converger.factsChanged();
  await until('the dead member to be out', () => host.kinds().includes('run:done'));
  await until('the end', () => host.converger.report().state === 'IDLE');
  t.same(await seen(), ['127.40.1.3']);
  const given = await host.converge(manifest('nginx', 2, { ...base, upstreams: ['127.40.1.4:18300'] }));
  t.equal(given.failedHash, '', given.failure?.output ?? '');
  t.same(await seen(), ['127.40.1.4']);
});

t.test('under systemd nginx gets its package, its place in /etc, and is enabled', async (t) => {
  // What the blueprint asks for there; the lab does it for real.
  const commands: string[] = [];
  const host = await startHost(t, {
    dataDir: t.testdir(),
    supervisor: 'systemd',
    run: async (command) => {
      commands.push(command.join(' '));
      const lines = command[1] === 'show' ? ['LoadState=not-found', 'ActiveState=inactive'] : [];
      return {
        code: command[0] === 'dpkg-query' ? 1 : 0,
        signal: null,
        missing: false,
        timedOut: false,
        lines,
      };
    },
  });
  const differences = await host.converger.check(manifest('nginx', 1, { body: 'x' }));
  const steps = differences.map(({ step }) => step);
  t.same(steps.slice(0, 2), ['package', 'web-root']);
  t.match(differences.find(({ step }) => step === 'config')?.difference, /\/etc\/nginx\/nginx\.conf/);
  t.match(differences.find(({ step }) => step === 'config')?.difference, /user www-data;/);
  t.match(differences.find(({ step }) => step === 'unit')?.difference, /nginx\.service .*enable, start/);
  t.ok(commands.some((command) => command.startsWith('nginx -t -q -p /usr/share/nginx/ -c ')));
});

t.test('the example gateway serves, proxies, reloads, and judges its configuration', async (t) => {
  const address = '127.40.1.5';
  const dataDir = t.testdir();
  const members = [member('one', address)];
  const host = await startHost(t, { dataDir, address, members });
  const report = await host.converge(manifest('gateway', 1, { body: 'hello "you"' }));
  t.equal(report.failedHash, '', report.failure?.output ?? '');
  t.equal(await fetchText(`http://${address}:8080/`), 'hello "you"');
  t.equal(await fetchText(`http://${address}:8080/healthz`), 'ok\n');
  t.equal(await fetchText(`http://${address}:8080//`), 'hello "you"');
  await until('the access log', () => host.output.length >= 2);
  t.match(JSON.parse(host.output[0] ?? ''), { method: 'GET', path: '/', status: '200' });
  const pid = Number(readFileSync(join(dataDir, 'run', 'web.pid'), 'utf8').split(' ')[1]);

  const backend = createServer((request, response) =>
    response.end(`backend ${request.headers['x-forwarded-for']}`),
  );
  await new Promise<void>((resolve) => backend.listen(18301, '127.40.1.6', resolve));
  t.teardown(() => new Promise((resolve) => backend.close(resolve)));
  // One upstream is dead: a request without a body goes to the next.
  const proxied = await host.converge(
    manifest('gateway', 2, { upstreams: ['127.40.1.6:18301', '127.40.1.6:1'] }),
  );
  t.equal(proxied.failedHash, '', proxied.failure?.output ?? '');
  for (let i = 0; i < 3; i++) t.match(await fetchText(`http://${address}:8080/x`), /^backend 127\./);
  t.equal(
    Number(readFileSync(join(dataDir, 'run', 'web.pid'), 'utf8').split(' ')[1]),
    pid,
    'reloaded by signal',
  );

  const program = join(dataDir, 'services', 'web', 'gateway.mjs');
  const faulty = join(dataDir, 'faulty.json');
  writeFileSync(faulty, '{"generation":"x","address":"127.0.0.1","port":0,"body":"","upstreams":[]}');
  t.throws(
    () => execFileSync(process.execPath, [program, '--check', faulty], { stdio: 'pipe' }),
    /port: expected 1 to 65535/,
  );
});
