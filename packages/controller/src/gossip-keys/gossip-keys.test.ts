import { createLogger, gossipKeyFingerprint } from '@shoal/common';
import t from 'tap';
import { FixedMembership } from '../cluster/membership.js';
import type { NodeRecord } from '../enrol/node-record.js';
import { EventBus } from '../link/event-bus.js';
import type { Actor } from '../services.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Transaction, TransactionResult } from '../store/store.js';
import { GossipKeys } from './gossip-keys.js';
import { HolderChanges } from './holder-changes.js';
import { KeyStore } from './key-store.js';
import { noteRemoval } from './machine.js';
import type { KeyHolder } from './ring.js';

const by: Actor = { name: 'ann', role: 'admin', door: 'grpc' };

/** A store that a test makes fail: before it wrote, or after. */
class FailingStore extends MemoryStore {
  fails: 'before' | 'after' | undefined;

  override async transact(transaction: Transaction): Promise<TransactionResult> {
    const { fails } = this;
    this.fails = undefined;
    if (fails === 'before') throw new Error('disk full');
    const result = await super.transact(transaction);
    if (fails === 'after') throw new Error('the answer was lost');
    return result;
  }
}

/** Keys of a controller without agents, but for one that is away when `away` names it. */
async function world(away?: string) {
  const store = new FailingStore();
  const membership = new FixedMembership();
  const records = new Map<string, NodeRecord>();
  const note = (name: string): void => {
    records.set(name, { name, site: 'x', enrolledAt: 1, agentVersion: '', certificates: [] });
  };
  if (away !== undefined) note(away);
  const open = async () => {
    const keyStore = await KeyStore.open(store, 1);
    membership.useKeys(keyStore.keys());
    const holders = (): Map<string, KeyHolder> =>
      new Map([...records.keys()].map((name) => [name, { presence: 'away', enrolledAt: 1, keys: null }]));
    const nodes = {
      keyHolders: holders,
      keyHolder: (name: string) => holders().get(name),
      sessions: () => [],
      onChange: () => undefined,
      record: (name: string) => records.get(name),
      view: (): never => {
        throw new Error('not asked for');
      },
    };
    const logger = createLogger({ name: 'test', level: 'silent' });
    const events = new EventBus();
    const now = () => Date.now();
    const parts = { keyStore, encrypted: true, membership, nodes, events, logger, now, settleMs: 0 };
    return { keyStore, keys: new GossipKeys(parts) };
  };
  return { store, membership, records, open };
}

t.test('what was stored although the store said otherwise is in force, and told', async (t) => {
  const { store, membership, open } = await world('n1');
  const { keys, keyStore } = await open();
  t.teardown(() => keys.stop());
  store.fails = 'after';
  await t.rejects(keys.install(), { message: 'the answer was lost' });
  t.equal(membership.keyState()?.held.length, 1);
  await t.rejects(keys.install(), { code: 'conflict' }, 'it was not known');
  t.equal(keys.view().keys.length, 2);
  await keys.install();
  t.same(membership.keyState()?.held, keyStore.keys().map(gossipKeyFingerprint));
  t.equal(keys.view().keys.length, 3);
});

t.test('a change that is stored is no failure because the one after it fails', async (t) => {
  const { store, open } = await world();
  const { keys } = await open();
  t.teardown(() => keys.stop());
  const transact = store.transact.bind(store);
  let calls = 0;
  store.transact = (transaction) => {
    calls += 1;
    if (calls === 2) store.fails = 'before';
    return transact(transaction);
  };
  t.match(await keys.rotate([], by), { rotation: { id: 1, stage: 'installing' } });
  const end = Date.now() + 30_000;
  while (keys.view().rotation?.stage !== 'done' && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(keys.view().rotation?.stage, 'done', 'it goes on by itself');
});

t.test('rotations that are aborted again and again do not pile up keys without end', async (t) => {
  const { open } = await world('n1');
  const { keys } = await open();
  t.teardown(() => keys.stop());
  for (let turn = 0; turn < 3; turn += 1) {
    await keys.rotate([], by);
    await t.rejects(keys.rotate([], by), { code: 'conflict' });
    await keys.abort();
  }
  await t.rejects(keys.rotate([], by), { code: 'resource_exhausted', hint: /shoal gossip-key remove/ });
  t.equal(keys.view().keys.length, 4);
  t.equal(keys.view().rotation?.stage, 'aborted');
});

t.test('a controller that was killed before it removed a node forgets that it was about to', async (t) => {
  const { records, open } = await world('n1');
  const first = await open();
  const removal = (node: string) => ({ node, enrolledAt: 1, by });
  const noted = noteRemoval(noteRemoval(first.keyStore.ring, removal('n1')), removal('n2'));
  await first.keyStore.put(noted, []);
  const { keys, keyStore } = await open();
  t.teardown(() => keys.stop());
  keys.start();
  const end = Date.now() + 30_000;
  while (keys.view().rotation === null && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(keys.view().rotation?.reason, 'node n2 removed', 'that one was gone');
  t.same(keyStore.ring.removals, []);
  await keys.abort();
  records.delete('n1');
  await keys.install();
  t.equal(keys.view().rotation?.id, 1, 'its removal with the key kept begins none');
});

t.test('a node that reports the same keys again has changed nothing, until it goes', (t) => {
  const changes = new HolderChanges();
  const keys = { primary: 'a', held: ['a', 'b'] };
  const holder: KeyHolder = { presence: 'connected', enrolledAt: 1, keys };
  t.equal(changes.isNew('n', holder), true, 'it is heard of for the first time');
  t.equal(changes.isNew('n', { ...holder, keys: { ...keys } }), false);
  t.equal(changes.isNew('m', holder), true, 'another one');
  t.equal(changes.isNew('n', { ...holder, keys: null }), true);
  t.equal(changes.isNew('n', { ...holder, keys: { primary: 'b', held: ['a', 'b'] } }), true);
  t.equal(changes.isNew('n', { ...holder, keys: { primary: 'b', held: ['b'] } }), true);
  t.equal(changes.isNew('n', { ...holder, presence: 'away', keys: { primary: 'b', held: ['b'] } }), true);
  t.equal(changes.isNew('n', undefined), true, 'it was removed');
  t.equal(changes.isNew('n', undefined), false);
  t.end();
});
