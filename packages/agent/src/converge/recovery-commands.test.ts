import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { t } from 'tap';
import { hasOwnEtc, runWithOwnEtc } from './own-etc.test.support.js';
import { type Kind, killedInTheMiddle, makePrograms, type Way } from './recovery-steps.test.support.js';

const both: readonly Way[] = ['undone', 'gone on with'];
const path = (work: string): string => join(work, 'x');

const kinds: Record<string, Kind> = {
  exec: {
    step: (w) => {
      const [check, command] = [
        ['test', '-e', path(w)],
        ['touch', path(w)],
      ];
      return { type: 'exec', id: 'x', command, check, undo: ['rm', '-f', path(w)] };
    },
    at: 2,
    ways: both,
  },
  package: { step: () => ({ type: 'package', id: 'x', name: 'shoal-t' }), at: 2, ways: both },
  unit: {
    step: () => ({ type: 'unit', id: 'x', unit: 'shoal-t.service', enabled: true, state: 'started' }),
    at: 4,
    ways: both,
  },
  wait: {
    step: (w) => ({ type: 'wait', id: 'x', command: ['test', '-e', path(w)], interval: '50ms' }),
    at: 'x:started',
    meanwhile: (w) => writeFileSync(path(w), ''),
    ways: both,
  },
};

if (!hasOwnEtc) {
  t.test('an agent that is killed while a command of a step runs', (t) => runWithOwnEtc(t, import.meta.url));
} else {
  t.test('each kind of step with a command is gone on with, or undone, by the next agent', async (t) => {
    const root = t.testdir({});
    makePrograms(root);
    for (const [name, kind] of Object.entries(kinds)) await killedInTheMiddle(t, root, name, kind);
    t.ok(existsSync(join(root, 'state', 'installed')));
  });
}
