import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createLab, type Lab } from './lab.js';
import { sweepDeadRuns } from './run-record.js';

let lab: Lab;

t.before(async () => {
  const start = performance.now();
  lab = await createLab({ hosts: 2, binds: { '/opt/lab': import.meta.dirname } });
  t.comment(`two hosts up after ${((performance.now() - start) / 1000).toFixed(1)} s`);
});

t.teardown(() => lab.destroy());

const reaches = async (from: number, to: number): Promise<boolean> => {
  const [source, target] = [lab.hosts[from], lab.hosts[to]];
  const ping = await source?.exec(['ping', '-c1', '-W1', target?.name ?? ''], { check: false });
  return ping?.code === 0;
};

t.test('hosts run their own systemd, with names, addresses and processes apart', async (t) => {
  for (const host of lab.hosts) {
    t.match(await host.state(), /^(running|degraded)$/);
    t.equal((await host.exec('hostname')).stdout.trim(), host.name);
    t.equal((await host.exec(['ps', '-p1', '-ocomm='])).stdout.trim(), 'systemd');
    t.match((await host.exec('ip -4 -o address show host0')).stdout, host.address);
  }
  t.ok(await reaches(0, 1));
});

t.test('nothing leads out of the lab', async (t) => {
  const [host] = lab.hosts;
  const routes = await host?.exec('ip route show default');
  t.equal(routes?.stdout, '');
});

t.test('a command reports code and output, and is killed when it takes too long', async (t) => {
  const host = lab.host('host1');
  t.match(await host.exec('echo out; echo err >&2; exit 3', { check: false }), {
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  await t.rejects(host.exec('echo why >&2; exit 4'), { message: /exit 4\nwhy/ });
  await t.rejects(host.exec('sleep 1000', { timeoutMs: 300 }), { message: /still running after 300 ms/ });
  // Killed at once; gone when the host's own process 1 has taken note of it.
  await lab.waitFor(async () => (await host.exec('pgrep -x sleep', { check: false })).code === 1, {
    what: 'what it started to be gone, too',
    timeoutMs: 5_000,
  });
});

t.test('files go in with content and mode, and come back', async (t) => {
  const host = lab.host('host1');
  await host.write('/etc/new/secret', 'line\n', 0o600);
  t.equal(await host.read('/etc/new/secret'), 'line\n');
  t.equal((await host.exec(['stat', '-c%a', '/etc/new/secret'])).stdout, '600\n');
  await host.copyIn(import.meta.filename, '/tmp/copy.js');
  await host.exec(['cmp', '/tmp/copy.js', '/opt/lab/lab.test.js']);
});

t.test('packages install without a network, and their services answer', async (t) => {
  const host = lab.host('host1');
  t.equal((await host.exec('command -v nginx', { check: false })).code, 127, 'not there before');
  await host.install('nginx');
  const answer = await lab.fetch(`http://${host.address}/`);
  t.equal(answer.status, 200);
  t.match(answer.body, 'Welcome to nginx');
  t.match(answer.headers, { server: /nginx/ });
  await t.rejects(lab.fetch(`http://${host.address}:8999/`), { message: /ECONNREFUSED/ });
});

t.test('links are cut between two hosts, in one direction or altogether, and healed', async (t) => {
  const [one, two] = [lab.host('host1'), lab.host('host2')];
  await lab.cut(one, two);
  t.notOk(await reaches(0, 1));
  t.equal((await lab.fetch(`http://${one.address}/`)).status, 200, 'the fabric still reaches both');
  await lab.heal(one, two);
  t.ok(await reaches(0, 1));
  await lab.cut(one, two, { oneWay: true });
  t.notOk(await reaches(1, 0), 'no answer comes back');
  await lab.heal();
  t.ok(await reaches(1, 0));
  await lab.isolate(one);
  t.notOk(await reaches(1, 0));
  await lab.heal(one);
  await lab.waitFor(() => reaches(1, 0), { what: 'the link to come back' });
});

t.test('a frozen process answers again once thawed', async (t) => {
  const host = lab.host('host1');
  const worker = Number((await host.exec('pgrep -n -x nginx')).stdout);
  const workers = (await host.exec('pgrep -x nginx')).stdout.trim().split('\n').map(Number);
  t.ok(workers.includes(worker));
  for (const pid of workers) await host.freeze(pid);
  await t.rejects(lab.fetch(`http://${host.address}/`, { timeoutMs: 500 }), {
    message: /TimeoutError|timeout/i,
  });
  for (const pid of workers) await host.thaw(pid);
  t.equal((await lab.fetch(`http://${host.address}/`)).status, 200);
});

t.test('a power cut silences a host; booted again it has its disk, and starts its services', async (t) => {
  const host = lab.host('host1');
  await host.write('/var/kept', 'kept');
  await host.powerCut();
  t.notOk(host.running);
  t.notOk(await reaches(1, 0));
  await t.rejects(host.exec('true'), { message: /host1 is switched off/ });
  await host.boot();
  t.equal(await host.read('/var/kept'), 'kept');
  t.not(await host.mainPid('nginx'), 0);
  await lab.waitFor(async () => (await lab.fetch(`http://${host.address}/`)).status === 200, {
    what: 'nginx',
  });
});

t.test('what was waited for in vain is named, with the last failure', async (t) => {
  const never = lab.waitFor(() => Promise.reject(new Error('no luck')), { what: 'luck', timeoutMs: 50 });
  await t.rejects(never, { message: 'waited 50 ms for luck; last: no luck' });
});

t.test('destroying it leaves no namespace behind', async (t) => {
  const { namespace } = lab.fabric;
  t.ok(readdirSync('/run/netns').includes(namespace));
  await lab.destroy();
  const run = namespace.replace('-fabric', '');
  t.strictSame(
    readdirSync('/run/netns').filter((name) => name.startsWith(run)),
    [],
  );
});

t.test(
  'a lab whose process is ended takes itself away; one whose process is killed is swept up',
  async (t) => {
    const program = `
    const { createLab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.js'))});
    const lab = await createLab({ hosts: ['only'] });
    console.log(lab.fabric.namespace);
    setInterval(() => {}, 1000);`;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
      const namespace = line.trim();
      t.ok(readdirSync('/run/netns').includes(namespace));
      child.kill(signal);
      await once(child, 'exit');
      t.equal(readdirSync('/run/netns').includes(namespace), signal === 'SIGKILL');
      sweepDeadRuns();
      t.notOk(readdirSync('/run/netns').includes(namespace));
    }
  },
);
