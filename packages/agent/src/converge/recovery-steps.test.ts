import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { t } from 'tap';
import { hasOwnEtc, runWithOwnEtc } from './own-etc.test.support.js';
import { type Kind, killedInTheMiddle, makePrograms } from './recovery-steps.test.support.js';

const content = 'downloaded\n';
const sha256 = createHash('sha256').update(content).digest('hex');

/** Steps without a command, and those on accounts, are killed at every point elsewhere: here each goes one of the ways. */
function kinds(url: string, archive: string): Record<string, Kind> {
  const path = (work: string) => join(work, 'x');
  return {
    archive: {
      step: (w) => ({ type: 'archive', id: 'x', source: archive, path: path(w) }),
      at: 6,
      ways: ['gone on with'],
    },
    directory: {
      step: (w) => ({ type: 'directory', id: 'x', path: join(w, 'x/y'), mode: '0700' }),
      at: 3,
      ways: ['undone'],
    },
    download: {
      step: (w) => ({ type: 'download', id: 'x', url, sha256, path: path(w) }),
      at: 4,
      ways: ['undone'],
    },
    dropin: {
      step: () => ({ type: 'dropin', id: 'x', unit: 'shoal-t.service', name: 'x', content: '[Service]\n' }),
      at: 5,
      ways: ['gone on with'],
    },
    file: {
      step: (w) => ({ type: 'file', id: 'x', path: path(w), content: 'new' }),
      at: 3,
      ways: ['gone on with'],
    },
    group: { step: () => ({ type: 'group', id: 'x', name: 'shoal-t-g' }), at: 2, ways: ['undone'] },
    hosts: {
      step: () => ({ type: 'hosts', id: 'x', address: '10.0.0.1', names: ['shoal-t'] }),
      at: 4,
      ways: ['undone'],
    },
    link: { step: (w) => ({ type: 'link', id: 'x', path: path(w), target: 'y' }), at: 3, ways: ['undone'] },
    user: {
      step: () => ({ type: 'user', id: 'x', name: 'shoal-t-u', groups: ['adm'] }),
      at: 6,
      ways: ['gone on with'],
    },
  };
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

if (!hasOwnEtc) {
  t.test('an agent that is killed in the middle of a step', (t) => runWithOwnEtc(t, import.meta.url));
} else {
  t.test('each kind of step is gone on with, or undone, by the next agent', async (t) => {
    const root = t.testdir({ content: { bin: 'program' } });
    makePrograms(root);
    const archive = join(root, 'x.tar');
    execFileSync('tar', ['-cf', archive, '-C', join(root, 'content'), 'bin']);
    const url = await served(t);
    for (const [name, kind] of Object.entries(kinds(url, archive))) {
      await killedInTheMiddle(t, root, name, kind);
    }
    t.match(readFileSync('/etc/passwd', 'utf8'), /^shoal-t-u:/m);
  });
}
