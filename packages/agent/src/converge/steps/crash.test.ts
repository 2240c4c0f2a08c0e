import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import type { RunCommand } from '../command.js';
import { runCommand } from '../command.js';
import type { Freezer } from '../freeze.test.support.js';
import { createFreezer } from '../freeze.test.support.js';
import { hasOwnEtc, hostSnapshot, runWithOwnEtc } from '../own-etc.test.support.js';
import type { RenderedStep } from '../render/rendered.js';
import { testContext } from './context.test.support.js';
import type { StepContext } from './handler.js';
import type { UndoRecord } from './index.js';
import { handlerOf } from './index.js';

/** Hundreds of runs, each of which waits for the disk several times. */
const fastDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A step that is killed at each point of its way. */
interface Scene {
  readonly name: string;
  /** Makes what was there before, and the step. */
  readonly step: (directory: string) => RenderedStep;
}

const content = 'downloaded content\n';
const sha256 = createHash('sha256').update(content).digest('hex');

/** An archive outside of what is looked at. */
function makeArchive(directory: string): string {
  mkdirSync(join(directory, 'content', 'bin'), { recursive: true });
  writeFileSync(join(directory, 'content', 'bin', 'web'), 'new', { mode: 0o755 });
  execFileSync('tar', ['-cf', join(directory, 'source.tar'), '-C', directory, 'content']);
  return join(directory, 'source.tar');
}

function scenes(url: string, source: string): readonly Scene[] {
  const file = (directory: string): RenderedStep => ({
    type: 'file',
    id: 'x',
    path: join(directory, 'f'),
    content: 'new',
    mode: 0o640,
    notify: null,
  });
  const link = (directory: string): RenderedStep => {
    return { type: 'link', id: 'x', path: join(directory, 'f'), target: 'new', notify: null };
  };
  const download = (directory: string): RenderedStep => ({
    type: 'download',
    id: 'x',
    url,
    sha256,
    path: join(directory, 'f'),
    mode: 0o755,
    maxBytes: 1000,
    notify: null,
  });
  const archive = (directory: string): RenderedStep => ({
    type: 'archive',
    id: 'x',
    source,
    format: 'tar',
    sha256: null,
    path: join(directory, 'd'),
    strip: 1,
    maxBytes: 1000,
    maxEntries: 10,
    notify: null,
  });
  const dropin: RenderedStep = {
    type: 'dropin',
    id: 'x',
    unit: 'shoal-t.service',
    path: '/etc/systemd/system/shoal-t.service.d/x.conf',
    content: '[Service]\n',
    notify: null,
  };
  const hosts = (address: string): RenderedStep => {
    return { type: 'hosts', id: 'x', address, names: ['shoal-t'], marker: 'web/x' };
  };
  const group: RenderedStep = { type: 'group', id: 'x', name: 'shoal-t-g', system: true };
  const user = { type: 'user', id: 'x', name: 'shoal-t-u', groups: ['adm'], system: true } as const;
  const over = (old: (path: string) => void, make: Scene['step']) => (directory: string) => {
    old(join(directory, 'f'));
    return make(directory);
  };
  const oldFile = (path: string) => writeFileSync(path, 'old', { mode: 0o600 });
  const oldLink = (path: string) => symlinkSync('old', path);
  return [
    {
      name: 'a new directory',
      step: (d) => ({ type: 'directory', id: 'x', path: join(d, 'a/b'), mode: 0o750 }),
    },
    { name: 'a new file', step: file },
    { name: 'a file over a file', step: over(oldFile, file) },
    { name: 'a file over a link', step: over(oldLink, file) },
    { name: 'a new link', step: link },
    { name: 'a link over a link', step: over(oldLink, link) },
    { name: 'a link over a file', step: over(oldFile, link) },
    { name: 'a new download', step: download },
    { name: 'a download over a file', step: over(oldFile, download) },
    { name: 'a new archive', step: archive },
    {
      name: 'an archive over an empty directory',
      step: (d) => {
        mkdirSync(join(d, 'd'), { mode: 0o711 });
        return archive(d);
      },
    },
    {
      name: 'an archive over an older one',
      step: (d) => {
        const marker = { source: 'old', sha256: '', strip: 1 };
        mkdirSync(join(d, 'd', 'lib'), { recursive: true });
        writeFileSync(join(d, 'd', 'lib', 'old'), 'old');
        writeFileSync(join(d, 'd', '.shoal-archive'), JSON.stringify(marker));
        return archive(d);
      },
    },
    { name: 'a new drop-in', step: () => dropin },
    {
      name: 'a drop-in over an older one',
      step: () => {
        mkdirSync('/etc/systemd/system/shoal-t.service.d');
        writeFileSync('/etc/systemd/system/shoal-t.service.d/x.conf', '[Unit]\n');
        return dropin;
      },
    },
    { name: 'a new line of hosts', step: () => hosts('10.0.0.1') },
    {
      name: 'another line of hosts',
      step: () => {
        writeFileSync('/etc/hosts', '::1 a\n10.0.0.2\tshoal-t\t# shoal: web/x\n::2 b');
        return hosts('10.0.0.1');
      },
    },
    { name: 'a new group', step: () => group },
    { name: 'a new user', step: () => user },
    {
      name: 'a user with more groups',
      step: () => {
        execFileSync('useradd', ['--no-create-home', user.name]);
        return { ...user, shell: '/bin/false' };
      },
    },
  ];
}

/** Forward as far as it comes; what undoes it is told when it would be in the journal. */
async function go(
  step: RenderedStep,
  context: StepContext,
  noted: (undo: UndoRecord) => void,
): Promise<void> {
  const handler = handlerOf(step.type);
  if ((await handler.check(step, context)).holds) return;
  noted(JSON.parse(JSON.stringify(await handler.prepareUndo(step, context))));
  await handler.apply(step, context);
}

/** Without systemd, and without waiting for the disk. */
const fakeSystemd: RunCommand = (command, options) =>
  command[0] === 'systemctl'
    ? runCommand(['echo', 'LoadState=loaded'], options)
    : runCommand(command, options);

async function host(body: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => response.end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/f`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

if (!hasOwnEtc) {
  t.test('each step, killed at each of its points', (t) => runWithOwnEtc(t, import.meta.url));
} else {
  const pristine = new Map(
    ['passwd', 'group', 'shadow', 'gshadow', 'hosts'].map((name) => [
      name,
      readFileSync(`/etc/${name}`, 'utf8'),
    ]),
  );
  const source = makeArchive(t.testdir());
  await host(async (url) => {
    for (const scene of scenes(url, source)) {
      await t.test(scene.name, async (t) => {
        const root = mkdtempSync(join(fastDisk, 'shoal-crash-'));
        t.teardown(() => rmSync(root, { recursive: true, force: true }));
        /** One run that is frozen at a point; resolves with whether it came so far. */
        const crash = async (point: number, way: 'apply' | 'undo') => {
          for (const [name, text] of pristine) writeFileSync(`/etc/${name}`, text);
          rmSync('/etc/systemd/system/shoal-t.service.d', { recursive: true, force: true });
          rmSync(root, { recursive: true, force: true });
          const directory = join(root, 'work');
          mkdirSync(join(root, 'attempt'), { recursive: true });
          mkdirSync(directory);
          const step = scene.step(directory);
          const before = hostSnapshot(directory);
          const freezer: Freezer = createFreezer();
          const run = freezer.wrap(fakeSystemd);
          const context = testContext({ directory: join(root, 'attempt'), ask: fakeSystemd, run });
          let undo: UndoRecord | undefined;
          const noted = (record: UndoRecord) => {
            undo ??= record;
          };
          const handler = handlerOf(step.type);
          if (way === 'undo') await go(step, context, noted);
          freezer.arm(point);
          const ended = (async () => {
            if (way === 'apply') await go(step, context, noted);
            else if (undo !== undefined) await handler.undo(undo, context);
            return 'ended';
          })();
          const outcome = await Promise.race([ended, freezer.frozen]);
          freezer.disarm();
          const undone = async () => undo !== undefined && (await handler.undo(undo, context));
          return {
            step,
            directory,
            before,
            context,
            noted,
            handler,
            undone,
            undo: () => undo,
            over: outcome === 'ended',
          };
        };
        const clean = await crash(10_000, 'apply');
        const undo = clean.undo();
        if (undo !== undefined) await clean.handler.forget?.(undo);
        const wanted = hostSnapshot(clean.directory);
        t.not(wanted, clean.before);
        let points = 0;
        for (let point = 1; ; point++) {
          const forward = await crash(point, 'apply');
          if (forward.over) break;
          points = point;
          await go(forward.step, forward.context, forward.noted);
          t.ok((await forward.handler.check(forward.step, forward.context)).holds);
          const record = forward.undo();
          if (record !== undefined) await forward.handler.forget?.(record);
          t.equal(
            ids(hostSnapshot(forward.directory)),
            ids(wanted),
            `gone on with after a kill at point ${point}`,
          );
          const back = await crash(point, 'apply');
          const noted = back.undo() !== undefined;
          await back.undone();
          await back.undone();
          const found = hostSnapshot(back.directory);
          // A second name of the old file, which the next attempt removes, is all that may be left of what wasn't noted yet.
          t.equal(
            noted ? found : found.replace(/^.*\.shoal-backup\..*\n/m, ''),
            back.before,
            `undone at point ${point}`,
          );
        }
        t.ok(points > 1, 'there are points to be killed at');
        for (let point = 1; ; point++) {
          const undoing = await crash(point, 'undo');
          await undoing.undone();
          t.equal(
            hostSnapshot(undoing.directory),
            undoing.before,
            `undone again after a kill at point ${point} of undoing`,
          );
          if (undoing.over) break;
        }
      });
    }
  });
}

/** Days since the epoch in /etc/shadow may change at midnight. */
function ids(text: string): string {
  return text.replaceAll(/^(shoal-t-u:[^:]*):\d{5}:/gm, '$1:DAY:');
}
