import { existsSync } from 'node:fs';
import { t } from 'tap';
import type { ProcessSpec } from '../../supervise/supervisor.js';
import { SystemdSupervisor } from '../../supervise/systemd-supervisor.js';
import type { CommandResult, RunCommand } from '../command.js';
import { isReal, runCommand, wrapping } from '../command.js';
import type { RenderedStep } from '../render/rendered.js';
import { testContext } from './context.test.support.js';
import type { StepContext } from './handler.js';
import { handlerOf } from './index.js';
import { installedVersion } from './installed-version.js';

/** What packages and units ask of a Debian host, answered by a small model of one; the lab asks real hosts. */
class ModelHost {
  readonly packages = new Map<string, string>();
  readonly available = new Map([['nginx', '1.22']]);
  readonly commands: string[] = [];
  updates = 0;
  knownAfterUpdate: string | undefined;
  interrupted = false;
  locked = false;
  /** What apt-get says instead of installing, and instead of updating. */
  saying: readonly string[] | undefined;
  updating: readonly string[] = [];
  unit = { load: 'not-found', active: 'inactive', file: '', reload: 'no', restarts: 0 };
  failing: string | undefined;

  readonly run: RunCommand = async (command, options) => {
    const text = command.join(' ');
    this.commands.push(text);
    const result = this.#answer(command, text);
    for (const line of result.lines) options.onLine?.(line);
    return result;
  };

  #answer(command: readonly string[], text: string): CommandResult {
    const [program, verb = ''] = command;
    const target = command.at(-1) ?? '';
    if (program === 'dpkg-query') {
      const version = this.packages.get(target);
      return version === undefined ? answer(1) : answer(0, `installed ${version}`);
    }
    if (program === 'dpkg') {
      this.interrupted = false;
      return answer(0);
    }
    if (program === 'apt-get') return this.#apt(text, target);
    if (program === 'systemctl') return this.#systemctl(verb);
    if (program === 'journalctl') return answer(0, 'nginx: bind() failed');
    return { ...answer(null), missing: true };
  }

  #apt(text: string, target: string): CommandResult {
    const [name = '', version] = target.split('=');
    if (text.includes(' update')) {
      this.updates++;
      if (this.knownAfterUpdate) this.available.set(this.knownAfterUpdate, '1.0');
      return answer(0, ...this.updating);
    }
    if (text.includes('--simulate'))
      return answer(0, 'Inst nginx-common (1.22 Debian)', `Inst ${name} (1.22 Debian)`);
    if (this.saying !== undefined) return answer(100, ...this.saying);
    if (this.locked)
      return answer(100, 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12');
    if (this.interrupted)
      return answer(100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'");
    if (text.includes(' remove ')) {
      for (const word of text.split(' remove ')[1]?.split(' ') ?? []) this.packages.delete(word);
      return answer(0);
    }
    if (!this.available.has(name)) return answer(100, `E: Unable to locate package ${name}`);
    if (version !== undefined && version !== this.available.get(name)) {
      return answer(100, `E: Version '${version}' for '${name}' was not found`);
    }
    this.packages.set(name, this.available.get(name) ?? '');
    this.packages.set(`${name}-common`, '1.22');
    return answer(0, `Setting up ${name}`);
  }

  #systemctl(verb: string): CommandResult {
    if (verb === this.failing) return answer(1, `Job for nginx.service failed`);
    if (verb === 'show') {
      const { load, active, file, reload, restarts } = this.unit;
      return answer(
        0,
        `LoadState=${load}`,
        `ActiveState=${active}`,
        'SubState=x',
        `UnitFileState=${file}`,
        `NeedDaemonReload=${reload}`,
        `NRestarts=${restarts}`,
        'ActiveEnterTimestampMonotonic=1000000',
      );
    }
    if (verb === 'daemon-reload') this.unit = { ...this.unit, load: 'loaded', reload: 'no' };
    if (verb === 'enable') this.unit.file = 'enabled';
    if (verb === 'disable') this.unit.file = 'disabled';
    if (['start', 'restart', 'reload-or-restart'].includes(verb)) this.unit.active = 'active';
    if (verb === 'stop') this.unit.active = 'inactive';
    return answer(0);
  }
}

function answer(code: number | null, ...lines: string[]): CommandResult {
  return { code, signal: null, missing: false, timedOut: false, lines };
}

function contextOf(host: ModelHost): StepContext & { readonly lines: string[] } {
  const lines: string[] = [];
  const run: RunCommand = (command, options) =>
    host.run(command, { ...options, onLine: (line) => lines.push(line) });
  const output = (line: string) => lines.push(line);
  return { ...testContext({ ask: host.run, run, output, directory: '/nowhere' }), lines };
}

/** check, prepareUndo, apply, check again. */
async function converge(step: RenderedStep, context: StepContext): Promise<{ undo: () => Promise<string> }> {
  const handler = handlerOf(step.type);
  t.equal((await handler.check(step, context)).holds, false);
  const undo = await handler.prepareUndo(step, context);
  await handler.apply(step, context);
  t.equal((await handler.check(step, context)).holds, true);
  return { undo: () => handler.undo(JSON.parse(JSON.stringify(undo)), context) };
}

const nginx = { type: 'package', id: 'p', name: 'nginx' } as const;

t.test('a package is installed without questions, and undone with what it brought', async (t) => {
  const host = new ModelHost();
  const context = contextOf(host);
  t.match(
    (await handlerOf('package').check(nginx, context)).difference,
    'package nginx: not installed -> newest',
  );
  const { undo } = await converge(nginx, context);
  t.ok(
    host.commands.some((command) =>
      /^apt-get --yes .*Lock::Timeout=10 .*--force-confold .* install .*nginx$/.test(command),
    ),
  );
  t.same(context.lines, ['Setting up nginx']);
  await undo();
  t.same([...host.packages.keys()], []);
  t.match(await undo(), "package nginx isn't installed", 'undoing twice is safe');
});

t.test('a package that was there in another version goes back to it', async (t) => {
  const host = new ModelHost();
  host.packages.set('nginx', '1.18');
  t.equal((await handlerOf('package').check(nginx, contextOf(host))).holds, true, 'any version will do');
  const { undo } = await converge({ ...nginx, version: '1.22' }, contextOf(host));
  host.available.set('nginx', '1.18');
  t.match(await undo(), 'package nginx=1.18 installed again');
  t.equal(host.packages.get('nginx'), '1.18');
});

t.test('stale lists are updated once, an interrupted dpkg is finished', async (t) => {
  const host = new ModelHost();
  host.knownAfterUpdate = 'late';
  await converge({ ...nginx, name: 'late' }, contextOf(host));
  t.equal(host.updates, 1);
  host.interrupted = true;
  await converge(nginx, contextOf(host));
  t.ok(host.commands.some((command) => command.startsWith('dpkg ') && command.includes('--configure')));
});

t.test('what apt refuses is said clearly', async (t) => {
  const host = new ModelHost();
  const apply = (step: RenderedStep) => handlerOf('package').apply(step, contextOf(host));
  await t.rejects(apply({ ...nginx, name: 'absent' }), {
    message: 'package "absent" isn\'t in this host\'s apt sources',
    output: 'E: Unable to locate package absent',
  });
  await t.rejects(apply({ ...nginx, version: '9' }), { message: /^version 9 of package "nginx" isn't in/ });
  host.locked = true;
  await t.rejects(apply(nginx), {
    message: 'apt is in use by another program (process 12)',
    output: /process 12/,
  });
  const nothing = { ...contextOf(host), ask: async () => ({ ...answer(null), missing: true }) };
  await t.rejects(handlerOf('package').check(nginx, nothing), { message: /this host has none: unsupported/ });
});

t.test('what keeps apt from installing is named', async (t) => {
  const offline = "W: Failed to fetch http://deb.example/x  Temporary failure resolving 'deb.example'";
  const table: readonly (readonly [string, readonly string[], string])[] = [
    ['E: Unable to locate package nginx', [], 'package "nginx" isn\'t in this host\'s apt sources'],
    [
      'E: Unable to locate package nginx',
      [offline],
      "package \"nginx\" isn't in this host's apt sources, and the package servers can't be reached for newer lists",
    ],
    [offline, [], 'package "nginx": the package servers can\'t be reached'],
    [
      "E: You don't have enough free space in /var/cache/apt/archives/.",
      [],
      'no space left on the disk for package "nginx"',
    ],
    [
      'dpkg: error: cannot copy: No space left on device',
      [],
      'no space left on the disk for package "nginx"',
    ],
    [
      'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (unattended-upgr)',
      [],
      'apt is in use by unattended-upgr (process 7)',
    ],
    [
      'E: Packages need to be removed but remove is disabled.',
      [],
      'package "nginx" would remove others, which couldn\'t be undone',
    ],
    ['E: something new', [], 'package nginx: apt-get exited with 100'],
  ];
  for (const [line, updating, message] of table) {
    const host = new ModelHost();
    host.saying = [line];
    host.updating = updating;
    await t.rejects(handlerOf('package').apply(nginx, contextOf(host)), { message, output: line });
    t.ok(host.commands.some((command) => command.includes(' --no-remove ')));
  }
});

t.test('a unit is enabled and started, and both are put back', async (t) => {
  const host = new ModelHost();
  const step = { type: 'unit', id: 'u', unit: 'nginx.service', enabled: true, state: 'started' } as const;
  const { undo } = await converge(step, contextOf(host));
  t.match(host.unit, { active: 'active', file: 'enabled' });
  t.ok(host.commands.includes('systemctl daemon-reload'), 'a unit that just came is made known');
  t.match(await undo(), 'nginx.service: disable, stop');
  t.match(host.unit, { active: 'inactive', file: 'disabled' });
  t.match(await undo(), 'nginx.service is as it was');
  host.unit.file = 'masked';
  await t.rejects(handlerOf('unit').apply(step, contextOf(host)), { message: /is masked: systemctl unmask/ });
  host.unit.file = 'disabled';
  host.failing = 'start';
  await t.rejects(handlerOf('unit').apply(step, contextOf(host)), {
    message: 'systemctl start nginx.service exited with 1',
    output: 'Job for nginx.service failed\nnginx: bind() failed',
  });
});

t.test('the systemd supervisor starts, reloads, stops and describes units', async (t) => {
  const host = new ModelHost();
  const changes: string[] = [];
  const supervisor = new SystemdSupervisor(host.run, {
    processChanged: (service) => changes.push(service),
    processOutput: () => {},
  });
  const spec: ProcessSpec = {
    service: 'web',
    directory: '/',
    unit: 'nginx.service',
    environment: {},
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 1,
  };
  t.match(await supervisor.status(spec), { state: 'stopped', detail: 'there is no unit nginx.service' });
  await supervisor.stop(spec);
  host.unit = { ...host.unit, load: 'loaded', reload: 'yes', restarts: 4 };
  await supervisor.start(spec);
  t.match(await supervisor.status(spec), { state: 'running', restarts: 4 });
  await supervisor.reload(spec);
  await supervisor.restart(spec);
  await supervisor.stop(spec);
  await supervisor.resume();
  await supervisor.close();
  t.same(changes, ['web', 'web', 'web', 'web']);
  const changing = host.commands.filter((command) => !/ show |journalctl/.test(command));
  t.same(changing, [
    'systemctl daemon-reload',
    'systemctl start -- nginx.service',
    'systemctl reload-or-restart -- nginx.service',
    'systemctl restart -- nginx.service',
    'systemctl stop -- nginx.service',
  ]);
  t.same(await supervisor.lastOutput(spec), ['nginx: bind() failed']);
  const { unit: _, ...without } = spec;
  await t.rejects(supervisor.start(without), { message: /no unit for the systemd supervisor/ });
  const bare = new SystemdSupervisor(async () => ({ ...answer(null), missing: true }), {
    processChanged: () => {},
    processOutput: () => {},
  });
  await t.rejects(bare.start(spec), { message: /this host has no systemd/ });
});

t.test(
  "a command gets none of Shoal's settings and ends when what it left behind keeps its pipes",
  async (t) => {
    process.env['SHOAL_AGENT_CLUSTER_TOKEN'] = 'shoal1.secret';
    t.teardown(() => delete process.env['SHOAL_AGENT_CLUSTER_TOKEN']);
    const seen: string[] = [];
    const result = await runCommand(['sh', '-c', 'env | grep -c SHOAL_; (sleep 12 &) ; printf "a\\r\\nb"'], {
      timeoutMs: 10_000,
      onLine: (line) => seen.push(line),
    });
    t.match(result, { code: 0, timedOut: false });
    t.same(seen, ['0', 'a', 'b']);
  },
);

const isDebian = existsSync('/var/lib/dpkg/status');

t.test('a real host is asked once while its packages stay', { skip: !isDebian }, async (t) => {
  let asked = 0;
  const run: RunCommand = (command, options) => {
    asked += 1;
    return runCommand(command, options);
  };
  t.notOk(isReal(run), 'whatever answers may be a model');
  const real = wrapping(runCommand, run);
  const version = await installedVersion('dpkg', real);
  t.match(version, /^1\./);
  t.equal(await installedVersion('dpkg', real), version);
  t.equal(asked, 1);
  t.equal(await installedVersion('dpkg', (command, options) => run(command, options)), version);
  t.equal(asked, 2, 'a model each time');
  t.equal(await installedVersion('no-such-package', real), null);
});
