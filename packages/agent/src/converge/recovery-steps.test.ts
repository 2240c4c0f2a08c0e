import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Manifest, Step } from '@shoal/common';
import { t } from 'tap';
import type { TestHost } from './harness.test.support.js';
import { manifestOf, startHost, toyService, until } from './harness.test.support.js';
import { killAgentAt } from './kill-agent.test.support.js';
import { hasOwnEtc, hostSnapshot, runWithOwnEtc } from './own-etc.test.support.js';

/** A kind of step, and the moment in it when the agent is killed: a changing call, or a line that it prints. */
interface Kind {
  readonly step: (work: string) => Step;
  readonly at: number | string;
  /** What has to be there before the step can go on. */
  readonly meanwhile?: (work: string) => void;
}

const content = 'downloaded\n';
const sha256 = createHash('sha256').update(content).digest('hex');

/** Programs that take the place of apt, dpkg and systemd; their state is a directory. */
const programs: Record<string, string> = {
  'dpkg-query': '[ -e "$S/installed" ] && echo "installed 1.0" || exit 1',
  'apt-get':
    'case "$*" in *--simulate*) echo "Inst shoal-t (1.0 Debian)";; *" remove "*) rm "$S/installed";; *) touch "$S/installed";; esac',
  systemctl: [
    'case "$1" in',
    'show) echo LoadState=loaded; cat "$S/active" "$S/enabled" 2>/dev/null || true;;',
    'enable) echo UnitFileState=enabled >"$S/enabled";; disable) rm "$S/enabled";;',
    'start) echo ActiveState=active >"$S/active";; stop) rm "$S/active";;',
    'esac',
  ].join('\n'),
};

function makePrograms(directory: string, state: string): void {
  mkdirSync(directory);
  mkdirSync(state);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\nS=${state}\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  process.env['PATH'] = `${directory}:${process.env['PATH']}`;
}

function kinds(url: string, archive: string): Record<string, Kind> {
  const path = (work: string) => join(work, 'x');
  return {
    archive: { step: (w) => ({ type: 'archive', id: 'x', source: archive, path: path(w) }), at: 6 },
    directory: { step: (w) => ({ type: 'directory', id: 'x', path: join(w, 'x/y'), mode: '0700' }), at: 3 },
    download: { step: (w) => ({ type: 'download', id: 'x', url, sha256, path: path(w) }), at: 4 },
    dropin: {
      step: () => ({ type: 'dropin', id: 'x', unit: 'shoal-t.service', name: 'x', content: '[Service]\n' }),
      at: 5,
    },
    exec: {
      step: (w) => {
        const [check, command] = [
          ['test', '-e', path(w)],
          ['touch', path(w)],
        ];
        return { type: 'exec', id: 'x', command, check, undo: ['rm', '-f', path(w)] };
      },
      at: 2,
    },
    file: { step: (w) => ({ type: 'file', id: 'x', path: path(w), content: 'new' }), at: 3 },
    group: { step: () => ({ type: 'group', id: 'x', name: 'shoal-t-g' }), at: 2 },
    hosts: { step: () => ({ type: 'hosts', id: 'x', address: '10.0.0.1', names: ['shoal-t'] }), at: 4 },
    link: { step: (w) => ({ type: 'link', id: 'x', path: path(w), target: 'y' }), at: 3 },
    package: { step: () => ({ type: 'package', id: 'x', name: 'shoal-t' }), at: 2 },
    unit: {
      step: () => ({ type: 'unit', id: 'x', unit: 'shoal-t.service', enabled: true, state: 'started' }),
      at: 4,
    },
    user: { step: () => ({ type: 'user', id: 'x', name: 'shoal-t-u', groups: ['adm'] }), at: 6 },
    wait: {
      step: (w) => ({ type: 'wait', id: 'x', command: ['test', '-e', path(w)], interval: '50ms' }),
      at: 'x:started',
      meanwhile: (w) => writeFileSync(path(w), ''),
    },
  };
}

/** The step, then one that fails when it is told to. */
function manifestWith(step: Step, work: string): Manifest {
  const guard: Step = {
    type: 'exec',
    id: 'guard',
    command: ['false'],
    check: ['test', '!', '-e', `${work}.fail`],
  };
  const service = { ...toyService({ directory: join(work, '..'), port: 1, body: '' }), health: null };
  return manifestOf(1, { ...service, steps: [step, guard] });
}

type Way = 'undone' | 'gone on with';

/** Steps that no command belongs to, and those on accounts, are killed at every point elsewhere: here each goes one of the ways. */
function waysOf(kind: string): readonly Way[] {
  const both: readonly Way[] = ['undone', 'gone on with'];
  if (['exec', 'package', 'unit', 'wait'].includes(kind)) return both;
  return ['archive', 'dropin', 'file', 'user'].includes(kind) ? ['gone on with'] : ['undone'];
}

function left(dataDir: string): readonly string[] {
  return readdirSync(join(dataDir, 'converge'));
}

async function served(t: { teardown(f: () => void): void }): Promise<string> {
  const server = createServer((_request, response) => response.end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}

function ended(host: TestHost): 'IDLE' | 'FAILED' | undefined {
  const { state, runningRevision } = host.converger.report();
  if (state === 'FAILED') return state;
  return state === 'IDLE' && runningRevision === 1 ? state : undefined;
}

if (!hasOwnEtc) {
  t.test('an agent that is killed in the middle of a step', (t) => runWithOwnEtc(t, import.meta.url));
} else {
  t.test('each kind of step is gone on with, or undone, by the next agent', async (t) => {
    const root = t.testdir({ content: { bin: 'program' } });
    const state = join(root, 'state');
    makePrograms(join(root, 'programs'), state);
    const archive = join(root, 'x.tar');
    execFileSync('tar', ['-cf', archive, '-C', join(root, 'content'), 'bin']);
    const url = await served(t);
    for (const [name, { step, at, meanwhile }] of Object.entries(kinds(url, archive))) {
      for (const way of waysOf(name)) {
        await t.test(`${name}: ${way}`, async (t) => {
          const work = join(root, `${name}-${way.length}`);
          const dataDir = `${work}.data`;
          mkdirSync(work);
          const seen = () => `${hostSnapshot(work)}\n${hostSnapshot(state)}`;
          const before = seen();
          const manifest = manifestWith(step(work), work);
          const moment = typeof at === 'number' ? 'frozen' : at;
          const freeze = typeof at === 'number' ? { step: 'x', point: at } : undefined;
          await killAgentAt(moment, dataDir, [manifest], freeze);
          if (name !== 'wait') t.not(seen(), before, 'it was in the middle');
          if (way === 'undone') writeFileSync(`${work}.fail`, '');
          meanwhile?.(work);
          const waited = seen();
          const host = await startHost(t, { dataDir });
          const outcome = await until('the end', () => ended(host));
          t.same(left(dataDir), ['state.json']);
          if (way === 'undone') {
            t.equal(outcome, 'FAILED');
            t.match(host.converger.report().failure, { step: 'guard', undone: true });
            t.equal(seen(), name === 'wait' ? waited : before);
          } else {
            t.equal(outcome, 'IDLE');
            t.same(await host.converger.check(manifest), []);
            t.notOk(readdirSync(work).some((entry) => entry.startsWith('.shoal')));
            // The next kind begins on a host that nobody was on.
            writeFileSync(`${work}.fail`, '');
          }
          await host.converger.stop();
        });
      }
    }
    t.ok(existsSync(join(state, 'installed')));
    t.match(readFileSync('/etc/passwd', 'utf8'), /^shoal-t-u:/m);
  });
}
