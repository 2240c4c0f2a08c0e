import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '@shoal/common';
import { t } from 'tap';
import type { CommandResult, RunCommand } from '../command.js';
import { runCommand } from '../command.js';
import { manifestOf, startHost, toyService, until } from '../harness.test.support.js';
import { hasOwnEtc, runWithOwnEtc } from '../own-etc.test.support.js';
import type { RenderedDropin, RenderedHosts, RenderedStep, RenderedUser } from '../render/rendered.js';
import { waitForApt } from './apt-lock.js';
import { testContext } from './context.test.support.js';
import type { StepContext } from './handler.js';
import { handlerOf } from './index.js';

/** What a step may not change but by its own entry. */
function accounts(): string {
  return ['passwd', 'group', 'shadow', 'gshadow']
    .map((name) => readFileSync(`/etc/${name}`, 'utf8'))
    .join('');
}

/** check, prepareUndo, apply and check again; resolves with what undoes it. */
async function converge(step: RenderedStep, context: StepContext): Promise<() => Promise<string>> {
  const handler = handlerOf(step.type);
  t.equal((await handler.check(step, context)).holds, false, `${step.id} has something to do`);
  const undo = JSON.parse(JSON.stringify(await handler.prepareUndo(step, context)));
  await handler.apply(step, context);
  t.same(await handler.check(step, context), { holds: true, difference: '' });
  return () => handler.undo(undo, context);
}

const difference = async (step: RenderedStep, context: StepContext) =>
  (await handlerOf(step.type).check(step, context)).difference;

function entry(database: string, name: string): string {
  return execFileSync('getent', [database, name], { encoding: 'utf8' }).trim();
}

if (!hasOwnEtc) {
  t.test('steps that change /etc, in a namespace of their own', (t) => runWithOwnEtc(t, import.meta.url));
} else {
  const context = testContext({ directory: t.testdir() });
  const user: RenderedUser = { type: 'user', id: 'u', name: 'shoal-t-web', groups: [], system: true };

  t.test('a group and a user come, with all that is asked, and go again without a trace', async (t) => {
    const before = accounts();
    const group = { type: 'group', id: 'g', name: 'shoal-t-web', gid: 48_123, system: true } as const;
    t.equal(await difference(group, context), 'new group shoal-t-web, id 48123');
    const undoGroup = await converge(group, context);
    const wanted: RenderedUser = {
      ...user,
      uid: 48_124,
      group: 'shoal-t-web',
      groups: ['adm', 'users'],
      home: '/opt/shoal-t-web',
      shell: '/bin/false',
    };
    const undoUser = await converge(wanted, context);
    t.equal(entry('passwd', 'shoal-t-web'), 'shoal-t-web:x:48124:48123::/opt/shoal-t-web:/bin/false');
    t.match(entry('group', 'adm'), /shoal-t-web$/);
    t.match(readFileSync('/etc/shadow', 'utf8'), /^shoal-t-web:!/m, 'with no password');
    t.notOk(existsSync('/opt/shoal-t-web'), "the directory is a directory step's matter");
    await t.rejects(handlerOf('user').check({ ...wanted, uid: 7 }, context), {
      message: 'user shoal-t-web has the id 48124, not 7: files would keep the old one',
    });
    await t.rejects(handlerOf('group').check({ ...group, gid: 7 }, context), {
      message: /has the id 48123, not 7/,
    });
    await t.rejects(handlerOf('group').check({ ...group, name: 'shoal-t-other' }, context), {
      message: 'the id 48123 for group shoal-t-other is that of shoal-t-web',
    });
    t.equal(await undoUser(), 'user shoal-t-web removed');
    t.equal(await undoUser(), "user shoal-t-web isn't there", 'undoing twice is safe');
    t.match(entry('group', 'shoal-t-web'), /:48123:/, 'the group with its name was there before it');
    t.equal(await undoGroup(), 'group shoal-t-web removed');
    t.equal(await undoGroup(), "group shoal-t-web isn't there");
    t.equal(accounts(), before);
  });

  t.test('a user without more is of a group of that name, which goes with it', async (t) => {
    const before = accounts();
    const undo = await converge(user, context);
    t.match(entry('passwd', user.name), /:\/usr\/sbin\/nologin$/);
    t.ok(entry('group', user.name));
    await undo();
    t.equal(accounts(), before);
  });

  t.test('a user that was there gets what is missing, and back what it had', async (t) => {
    execFileSync('groupadd', ['shoal-t-one']);
    execFileSync('useradd', ['--groups', 'shoal-t-one', '--shell', '/bin/sh', user.name]);
    const before = accounts();
    t.same(
      await handlerOf('user').check(user, context),
      { holds: true, difference: '' },
      'nothing more is asked',
    );
    const wanted: RenderedUser = { ...user, group: 'users', groups: ['shoal-t-one', 'adm'], home: '/opt/x' };
    t.equal(
      await difference(wanted, context),
      'user shoal-t-web: group shoal-t-web -> users, home /home/shoal-t-web -> /opt/x, member of adm',
    );
    const undo = await converge(wanted, context);
    t.equal(await undo(), 'user shoal-t-web put back');
    t.equal(await undo(), 'user shoal-t-web is as it was');
    t.equal(accounts(), before);
    await t.rejects(handlerOf('user').apply({ ...user, groups: ['shoal-t-none'] }, context), {
      message: 'usermod exited with 6',
      output: "usermod: group 'shoal-t-none' does not exist",
    });
  });

  t.test('files may belong to users that an earlier step brings', async (t) => {
    const root = t.testdir({ there: {} });
    const owner = { owner: 'shoal-t-own', group: 'shoal-t-own' };
    const steps: readonly Step[] = [
      { type: 'user', id: 'user', name: 'shoal-t-own' },
      { type: 'directory', id: 'there', path: join(root, 'there'), ...owner },
      { type: 'file', id: 'file', path: join(root, 'there', 'file'), content: 'x', ...owner },
    ];
    const service = { ...toyService({ directory: root, port: 1, body: '' }), health: null };
    const manifest = (more: readonly Step[]) => manifestOf(1, { ...service, steps: [...steps, ...more] });
    const host = await startHost(t, { dataDir: join(root, 'data') });
    const planned = await host.converger.check(manifest([]));
    t.match(planned, [
      { step: 'user', difference: 'new user shoal-t-own' },
      { step: 'there', difference: /: owner -> shoal-t-own, group -> shoal-t-own$/ },
      { step: 'file', difference: /^new file/ },
    ]);
    t.notOk(planned.some(({ problem }) => problem !== undefined));
    t.equal((await host.converge(manifest([]))).failedHash, '');
    const uid = Number(entry('passwd', 'shoal-t-own').split(':')[2]);
    t.same([statSync(join(root, 'there')).uid, statSync(join(root, 'there/file')).uid], [uid, uid]);
    const unsafe: Step = { type: 'file', id: 'unsafe', path: join(root, 'data/agent.yaml'), content: '' };
    const stray: Step = { type: 'directory', id: 'stray', path: join(root, 'new') };
    const problem = /^unsafe path: .* lies in the agent's own data directory/;
    t.match(await host.converger.check(manifest([stray, unsafe])), [
      { step: 'stray', difference: /^new directory/ },
      { step: 'unsafe', problem },
    ]);
    const { failure } = await host.converge(manifest([stray, unsafe]));
    t.match(failure, { step: 'unsafe', message: problem, undone: true });
    t.notOk(host.kinds().includes('stray:started'), 'refused before anything is touched');
  });

  const hosts: RenderedHosts = {
    type: 'hosts',
    id: 'h',
    address: '10.9.8.7',
    names: ['backend', 'backend.example'],
    marker: 'web/backend',
  };

  for (const [what, text] of [
    ['as usual', '127.0.0.1\tlocalhost\n'],
    ['without an end of its last line', '127.0.0.1 localhost\r\n::1 backend'],
    ['empty', ''],
  ] as const) {
    t.test(`a line of a hosts file, ${what}, comes, changes and goes`, async (t) => {
      writeFileSync('/etc/hosts', text, { mode: 0o640 });
      const mode = statSync('/etc/hosts').mode;
      t.equal(
        await difference(hosts, context),
        '/etc/hosts\n+10.9.8.7\tbackend backend.example\t# shoal: web/backend',
      );
      const undo = await converge(hosts, context);
      const first = readFileSync('/etc/hosts', 'utf8');
      t.ok(first.startsWith(text));
      t.match(entry('hosts', 'backend.example'), /^10\.9\.8\.7/);
      // Somebody else's line stays where it is.
      writeFileSync('/etc/hosts', `${first}10.0.0.1 other\n`);
      const moved = { ...hosts, address: '10.9.8.8' };
      t.match(await difference(moved, context), /^\/etc\/hosts\n-10\.9\.8\.7\tb.*\n\+10\.9\.8\.8\tb/);
      const undoMoved = await converge(moved, context);
      t.equal(await undoMoved(), 'the line of /etc/hosts put back');
      t.equal(readFileSync('/etc/hosts', 'utf8'), `${first}10.0.0.1 other\n`);
      writeFileSync('/etc/hosts', first);
      t.equal(await undo(), 'the line of /etc/hosts removed');
      t.equal(readFileSync('/etc/hosts', 'utf8'), text);
      t.equal(await undo(), '/etc/hosts is as it was');
      t.equal(statSync('/etc/hosts').mode, mode);
    });
  }

  t.test('a hosts file that says something else is not made to contradict itself', async (t) => {
    writeFileSync('/etc/hosts', '127.0.0.1 localhost\n\n10.0.0.1 x backend # old\n::1 backend\n');
    await t.rejects(handlerOf('hosts').check(hosts, context), {
      message: '/etc/hosts contradicts: line 3 of it says that backend is 10.0.0.1, not 10.9.8.7',
    });
  });

  t.test('a hosts file that is mounted by itself, as in a container, is written in place', async (t) => {
    const own = join(t.testdir(), 'hosts');
    writeFileSync(own, '127.0.0.1 localhost\n');
    execFileSync('mount', ['--bind', own, '/etc/hosts']);
    t.teardown(() => execFileSync('umount', ['/etc/hosts']));
    const undo = await converge(hosts, context);
    t.match(readFileSync(own, 'utf8'), /^127.*\n10\.9\.8\.7/);
    await undo();
    t.equal(readFileSync(own, 'utf8'), '127.0.0.1 localhost\n');
  });

  t.test('a drop-in is read by systemd, and taken back with its directory', async (t) => {
    const units = new ModelUnits();
    const own = testContext({ directory: t.testdir(), ask: units.run, run: units.run });
    const directory = '/etc/systemd/system/shoal-t.service.d';
    const step: RenderedDropin = {
      type: 'dropin',
      id: 'd',
      unit: 'shoal-t.service',
      path: `${directory}/limits.conf`,
      content: '[Service]\nLimitNOFILE=65536\n',
      notify: 'restart',
    };
    t.match(await difference(step, own), /^new file .*limits\.conf, mode 0644\n[\s\S]*\+LimitNOFILE=65536/);
    const undo = await converge(step, own);
    t.equal(statSync(directory).mode & 0o7777, 0o755);
    t.equal(units.reloads, 1);
    units.needsReload = true;
    t.equal(
      await difference(step, own),
      `systemd has to read ${step.path}`,
      'it may have been killed before',
    );
    const undoSecond = await converge({ ...step, content: '[Service]\n' }, own);
    await undoSecond();
    t.equal(readFileSync(step.path, 'utf8'), step.content);
    t.equal(await undo(), `${step.path} removed`);
    t.notOk(existsSync(directory));
    t.equal(await undo(), 'nothing was written');
  });

  t.test('whoever holds the lock of apt is named and waited for, up to a minute', async (t) => {
    const lock = '/var/lib/dpkg/lock-frontend';
    writeFileSync(lock, '');
    const program = `import fcntl,sys; f=open('${lock}','w'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()`;
    const holder = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => holder.kill('SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const lines: string[] = [];
    let now = 0;
    const sleep = async (ms: number) => {
      now += ms;
    };
    const clock = { now: () => now, elapsed: () => now, sleep };
    const own = { ...context, clock, output: (line: string) => lines.push(line) };
    const named = `python3 (process ${holder.pid})`;
    await t.rejects(waitForApt(own), { message: `apt is in use by ${named}; waited 60 s for it in vain` });
    t.same(lines, [`apt is in use by ${named}: waiting up to 60 s`]);
    const waiting = waitForApt({ ...context, output: (line) => lines.push(line) });
    await until('the second wait', () => lines.length === 2);
    holder.stdin.end();
    await waiting;
    t.ok(now >= 60_000);
  });
}

/** systemd, as far as drop-ins ask it. */
class ModelUnits {
  needsReload = false;
  reloads = 0;

  readonly run: RunCommand = async (command, options) => {
    if (command[0] !== 'systemctl') return runCommand(command, options);
    if (command[1] === 'daemon-reload') {
      this.reloads++;
      this.needsReload = false;
      return ended();
    }
    return ended('LoadState=loaded', `NeedDaemonReload=${this.needsReload ? 'yes' : 'no'}`);
  };
}

function ended(...lines: string[]): CommandResult {
  return { code: 0, signal: null, missing: false, timedOut: false, lines };
}
