import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Step } from '@shoal/common';
import type { Test } from 'tap';
import type { TestHost } from './harness.test.support.js';
import { manifestOf, startHost, toyService, until } from './harness.test.support.js';
import { killAgentAt } from './kill-agent.test.support.js';
import { hostSnapshot } from './own-etc.test.support.js';

export type Way = 'undone' | 'gone on with';

/** A kind of step, and the moment in it when the agent is killed: a changing call, or a line that it prints. */
export interface Kind {
  readonly step: (work: string) => Step;
  readonly at: number | string;
  /** What has to be there before the step can go on. */
  readonly meanwhile?: (work: string) => void;
  /** How it goes on after the kill. */
  readonly ways: readonly Way[];
}

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

/** Puts them on the PATH, below a directory. */
export function makePrograms(root: string): void {
  const [directory, state] = [join(root, 'programs'), join(root, 'state')];
  mkdirSync(directory);
  mkdirSync(state);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\nS=${state}\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  process.env['PATH'] = `${directory}:${process.env['PATH']}`;
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

function ended(host: TestHost): 'IDLE' | 'FAILED' | undefined {
  const { state, runningRevision } = host.converger.report();
  if (state === 'FAILED') return state;
  return state === 'IDLE' && runningRevision === 1 ? state : undefined;
}

/** An agent is killed in the middle of the step; the next one goes each of its ways with it. `root`: that of `makePrograms`. */
export async function killedInTheMiddle(t: Test, root: string, name: string, kind: Kind): Promise<void> {
  const { step, at, meanwhile, ways } = kind;
  const state = join(root, 'state');
  for (const way of ways) {
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
      t.same(readdirSync(join(dataDir, 'converge')), ['state.json']);
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
