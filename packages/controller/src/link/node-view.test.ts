import t from 'tap';
import type { KnownNode } from './node-view.js';
import { nodeView } from './node-view.js';

const failure = { service: 'web', step: 'health', message: 'it did not stay up', output: '', undone: true };

/** A node that runs the content `good` since revision 1, and failed at revision 3. */
function failedAtThree(desired: KnownNode['desired']): KnownNode {
  return {
    record: { name: 'a', site: 's', enrolledAt: 1, agentVersion: '1', certificates: [] },
    facts: null,
    drainAsked: [],
    connected: true,
    lastSeenAt: 1,
    member: 'alive',
    measured: {
      runningHash: 'good',
      runningRevision: 1,
      failed: { hash: 'bad', revision: 3, failure },
      state: 'idle',
      convergingHash: '',
      services: [],
    },
    desired,
  };
}

t.test('a failure is history once a later revision runs, also one whose content ran already', async (t) => {
  t.match(nodeView(failedAtThree({ hash: 'good', revision: 1 })), {
    status: 'failed',
    failed: { revision: 3 },
    running: { revision: 1 },
  });
  t.match(nodeView(failedAtThree({ hash: 'good', revision: 4 })), {
    status: 'ok',
    running: { revision: 4 },
    failed: null,
  });
});
