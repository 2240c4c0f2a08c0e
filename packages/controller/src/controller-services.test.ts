import type { GossipKeyRotationView, GossipKeyWait } from '@shoal/common';
import t from 'tap';
import { rotationWarnings } from './controller-services.js';

const rotation: GossipKeyRotationView = {
  id: 1,
  stage: 'using',
  from: 'a'.repeat(16),
  to: 'b'.repeat(16),
  reason: '',
  startedBy: 'ann',
  startedAt: 1000,
  stageAt: 2000,
  endedAt: null,
  ready: 3,
  members: 5,
  waitingFor: [],
  ignored: [],
};

t.test('the status warns of a rotation that does not go on by itself', async (t) => {
  const warnings = (forMs: number, ...waits: GossipKeyWait[]): string => {
    const waitingFor = waits.map((why, i) => ({ member: `n${i + 1}`, why }));
    const view = { ...rotation, waitingFor, ready: 5 - waits.length };
    const keys = { encrypted: true, members: 5, keys: [], rotation: view };
    return rotationWarnings(keys, rotation.stageAt + forMs).join();
  };
  t.equal(warnings(5000, 'uses-old', 'uses-old'), '', 'members follow within seconds');
  t.match(warnings(5000, 'uses-old', 'away'), /waits for n2 and 1 more: see shoal gossip-key ls/);
  t.match(warnings(5000, 'silent'), /waits for n1: see/);
  t.match(warnings(61_000, 'uses-old', 'uses-old', 'uses-old'), /waits for n1 and 2 more/);
  t.equal(warnings(61_000), '', 'the old key is kept for what is under way');
  const ended = { encrypted: true, members: 5, keys: [], rotation: { ...rotation, endedAt: 1 } };
  t.same(rotationWarnings(ended, 1e9), []);
});
