import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheDirectory } from './base.js';
import { createLab, type Host, type Lab } from './lab.js';
import { installShoal, makePackages, packageFiles, packagesDirectory, packagesMount } from './shoal.js';

// Installs, upgrades, removes and purges the real packages on real hosts, one story from top to bottom.

const nextVersion = '9.9.9';
const nextMount = '/opt/shoal-next';
let next: string;
let lab: Lab;
let node: Host;
let controller: Host;

t.before(async () => {
  next = mkdtempSync(join(cacheDirectory(), 'packages-'));
  makePackages(nextVersion, next);
  const binds = { [packagesMount]: packagesDirectory(), [nextMount]: next };
  lab = await createLab({ hosts: ['node', 'controller'], binds });
  node = lab.host('node');
  controller = lab.host('controller');
});

t.teardown(async () => {
  await lab?.destroy();
  rmSync(next, { recursive: true, force: true });
});

const unitState = async (host: Host, unit: string): Promise<string> => {
  const { stdout } = await host.exec(`systemctl is-enabled ${unit}; systemctl is-active ${unit}`, {
    check: false,
  });
  return stdout.trim().replace('\n', ', ');
};

const statOf = async (host: Host, path: string): Promise<string> =>
  (await host.exec(['stat', '--format=%U:%G %a', path])).stdout.trim();

const exists = async (host: Host, path: string): Promise<boolean> =>
  (await host.exec(['test', '-e', path], { check: false })).code === 0;

/** Active, and stays so: the main process is the same after a while in which it would have been restarted. */
const staysUp = async (t: Test, host: Host, unit: string): Promise<void> => {
  const pid = await host.mainPid(unit);
  t.not(pid, 0, `${unit} has a process`);
  await host.exec('sleep 3');
  t.equal(await host.mainPid(unit), pid, `${unit} keeps it`);
  t.match((await host.exec(['systemctl', 'show', '--property=NRestarts', '--value', unit])).stdout, /^0$/m);
};

const upgrade = (host: Host, name: 'shoal-agent' | 'shoal-controller'): Promise<unknown> =>
  host.install(...packageFiles(next, 'shoal', name).map((file) => join(nextMount, file)));

const agent = 'shoal-agent.service';
const server = 'shoal-controller.service';

t.test('the command alone runs, and names the package that a process of its needs', async (t) => {
  await installShoal(node, 'shoal');
  t.match((await node.exec('shoal version')).stdout, /\d+\.\d+\.\d+/);
  t.notOk((await node.exec('command -v node', { check: false })).stdout, 'no other Node is on the host');
  for (const name of ['agent', 'controller']) {
    const { code, stderr } = await node.exec(`shoal ${name} run`, { check: false });
    t.equal(code, 5);
    t.match(stderr, `the package shoal-${name} isn't installed`);
    t.match(stderr, `apt install shoal-${name}`);
  }
  t.ok(await exists(node, '/usr/share/shoal/blueprints/nginx/blueprint.yaml'));
  await node.exec('bash -c ". /usr/share/bash-completion/completions/shoal && complete -p shoal"');
});

t.test('an agent with nothing to do is not started, and says what to do', async (t) => {
  const output = await installShoal(node, 'shoal-agent');
  t.match(output, 'shoal token create');
  t.equal(await unitState(node, agent), 'disabled, inactive');
  t.equal(await statOf(node, '/etc/shoal/agent.yaml'), 'root:root 600');
  t.equal(await statOf(node, '/var/lib/shoal/agent'), 'root:root 700');
  t.equal((await node.exec('dpkg --verify shoal shoal-agent')).stdout, '', 'all files are as packaged');
  t.match(await node.exec(`systemd-analyze verify ${agent}`), { code: 0, stdout: '', stderr: '' });
});

t.test('configured and enabled it runs, also as a lone host', async (t) => {
  await node.write('/etc/shoal/local.yaml', 'cluster: local\nservices: {}\n');
  await node.exec(`echo '# kept by its administrator' >> /etc/shoal/agent.yaml`);
  await node.exec(`systemctl enable --now ${agent}`);
  t.equal(await unitState(node, agent), 'enabled, active');
  await staysUp(t, node, agent);
});

t.test('an upgrade keeps the configuration, and restarts what runs', async (t) => {
  const before = await node.mainPid(agent);
  await upgrade(node, 'shoal-agent');
  t.equal((await node.exec(`dpkg-query -W -f '\${Version}' shoal-agent`)).stdout, nextVersion);
  t.match(await node.read('/etc/shoal/agent.yaml'), '# kept by its administrator');
  t.equal(await unitState(node, agent), 'enabled, active');
  t.not(await node.mainPid(agent), before);
});

t.test('an upgrade leaves a stopped agent stopped', async (t) => {
  await node.exec(`systemctl stop ${agent}`);
  await node.exec(['apt-get', '-q', '-y', 'install', '--reinstall', ...nextFiles('shoal-agent')]);
  t.equal(await unitState(node, agent), 'enabled, inactive');
});

t.test('a removed agent is stopped and keeps its state; put back, it goes on', async (t) => {
  await node.exec(`systemctl start ${agent}`);
  await node.write('/var/lib/shoal/agent/identity', 'any state');
  await node.exec('apt-get -q -y remove shoal-agent');
  t.match(await unitState(node, agent), /inactive$/);
  t.equal(
    (await node.exec('pgrep -f "shoal.cjs [a]gent"', { check: false })).stdout,
    '',
    'no process is left',
  );
  t.ok(await exists(node, '/var/lib/shoal/agent/identity'));
  t.match(await node.read('/etc/shoal/agent.yaml'), '# kept by its administrator');
  await node.install(...nextFiles('shoal-agent'));
  t.equal(await unitState(node, agent), 'enabled, active');
});

t.test('a purged agent leaves nothing but what is the administrator’s own', async (t) => {
  await node.exec('apt-get -q -y purge shoal-agent');
  t.notOk(await exists(node, '/etc/shoal/agent.yaml'));
  t.notOk(await exists(node, '/var/lib/shoal'));
  t.equal((await node.exec('find /etc/systemd /var/lib/systemd -name "shoal*"')).stdout, '');
  t.ok(await exists(node, '/etc/shoal/local.yaml'));
});

t.test('where systemd doesn’t run, a configured agent is enabled for the next boot', async (t) => {
  const files = nextFiles('shoal-agent').join(' ');
  // A /run of its own, without systemd's directory, is how a chroot looks.
  await node.exec(`unshare --mount sh -c 'mount -t tmpfs none /run && apt-get -q -y install ${files}'`);
  t.equal(await unitState(node, agent), 'enabled, inactive');
  await node.powerCut();
  await node.boot();
  t.equal(await unitState(node, agent), 'enabled, active');
});

t.test('the controller runs as its own user once installed', async (t) => {
  const output = await installShoal(controller, 'shoal', 'shoal-controller');
  t.match(output, 'journalctl -u shoal-controller');
  t.equal(await unitState(controller, server), 'enabled, active');
  await lab.waitFor(
    async () => (await controller.exec('curl -fsS http://127.0.0.1:9897/healthz')).code === 0,
    {
      what: 'the controller to answer',
    },
  );
  await staysUp(t, controller, server);
  const pid = await controller.mainPid(server);
  t.equal((await controller.exec(['ps', '-o', 'user=', '-p', String(pid)])).stdout.trim(), 'shoal');
  t.equal(await statOf(controller, '/var/lib/shoal/controller'), 'shoal:shoal 700');
  t.equal(await statOf(controller, '/etc/shoal/controller.yaml'), 'root:shoal 640');
  t.equal((await controller.exec('dpkg --verify shoal shoal-controller')).stdout, '');
  t.match(await controller.exec(`systemd-analyze verify ${server}`), { code: 0, stdout: '', stderr: '' });
  const security = await controller.exec(`systemd-analyze security --threshold=20 ${server}`, {
    check: false,
  });
  t.equal(security.code, 0, 'exposed to no more than it needs');
});

t.test('the controller’s upgrade, removal and purge', async (t) => {
  const before = await controller.mainPid(server);
  await controller.exec('echo "# mine" >> /etc/shoal/controller.yaml');
  await upgrade(controller, 'shoal-controller');
  t.not(await controller.mainPid(server), before);
  t.match(await controller.read('/etc/shoal/controller.yaml'), '# mine');
  t.equal(await statOf(controller, '/etc/shoal/controller.yaml'), 'root:shoal 640');
  await staysUp(t, controller, server);
  await controller.exec('apt-get -q -y remove shoal-controller');
  t.match(await unitState(controller, server), /inactive$/);
  t.ok((await controller.exec('ls /var/lib/shoal/controller')).stdout, 'its state is kept');
  await controller.exec('apt-get -q -y purge shoal-controller shoal');
  for (const path of ['/etc/shoal', '/var/lib/shoal', '/usr/lib/shoal', '/usr/bin/shoal']) {
    t.notOk(await exists(controller, path), path);
  }
  t.equal((await controller.exec('getent passwd shoal', { check: false })).code, 2, 'its user is gone');
});

function nextFiles(...names: ('shoal-agent' | 'shoal-controller')[]): string[] {
  return packageFiles(next, 'shoal', ...names).map((file) => join(nextMount, file));
}
