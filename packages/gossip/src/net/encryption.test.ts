import { test } from 'tap';
import type { PlaintextPolicy } from './envelope.js';
import { KEY, membersOn, OTHER_KEY, placeOf, stateOf, until, untilPinged } from './members.test-support.js';

const member = membersOn(1);

const refused = (stats: { traffic: { packetsRefused: number; streamsRefused: number } }): number =>
  stats.traffic.packetsRefused + stats.traffic.streamsRefused;

test('a cluster begins to encrypt in three steps, and at each of them old and new members talk', async (t) => {
  const steps: { keys: Uint8Array[]; plaintext: PlaintextPolicy }[] = [
    { keys: [], plaintext: 'refuse' },
    { keys: [KEY], plaintext: 'send' },
    { keys: [KEY], plaintext: 'accept' },
    { keys: [KEY], plaintext: 'refuse' },
  ];
  for (const [i, step] of steps.slice(1).entries()) {
    const before = await member(t, 'before', steps[i]);
    const after = await member(t, 'after', step);
    await after.join([placeOf(before)]);
    before.setTags({ step: String(i + 1) });
    after.setTags({ step: String(i + 1) });
    await until(t, `step ${i + 1}: both see the other's tags`, () =>
      [before, after].every((x) => x.members().every(({ tags }) => tags['step'] === String(i + 1))),
    );
    await untilPinged(t, [before, after]);
    t.same([refused(before.stats()), refused(after.stats())], [0, 0]);
    await Promise.all([before.stop(), after.stop()]);
  }
});

test('running members begin to encrypt without a restart, and strangers without the key are out in the end', async (t) => {
  const [a, b] = await Promise.all([member(t, 'a'), member(t, 'b')]);
  await a.join([placeOf(b)]);
  const all = [a, b];
  t.throws(() => a.setPlaintext('yes' as PlaintextPolicy), { code: 'INVALID_OPTION' });
  for (const x of all) x.setPlaintext('send');
  for (const x of all) x.keyring.install(KEY);
  for (const x of all) x.setPlaintext('accept');
  const plain = await member(t, 'plain');
  await t.rejects(plain.join([placeOf(a)]), { code: 'JOIN_FAILED' }, 'the answer is encrypted already');
  t.equal(refused(a.stats()), 0, 'though its request was taken');
  await plain.stop();
  for (const x of all) x.setPlaintext('refuse');
  const late = await member(t, 'late');
  await t.rejects(late.join([placeOf(a)]), { code: 'JOIN_FAILED' });
  t.equal(a.stats().traffic.streamsRefused, 1);
  const sealed = await member(t, 'sealed', { keys: [KEY] });
  await sealed.join([placeOf(b)]);
  await until(t, 'the members see the new one', () => all.every((x) => stateOf(x, 'sealed') === 'alive'));
  t.equal(stateOf(a, 'b'), 'alive');
});

test('each change of the keyring is told with all keys, the primary one first', async (t) => {
  const gossip = await member(t, 'a');
  const told: (readonly Uint8Array[])[] = [];
  gossip.on('keyring', (keys) => told.push(keys));
  gossip.keyring.install(KEY);
  gossip.keyring.install(OTHER_KEY);
  gossip.keyring.install(OTHER_KEY);
  gossip.keyring.use(KEY);
  gossip.keyring.use(OTHER_KEY);
  gossip.keyring.remove(KEY);
  gossip.keyring.remove(KEY);
  await until(t, 'all changes were told', () => told.length === 4);
  t.strictSame(told, [[KEY], [KEY, OTHER_KEY], [OTHER_KEY, KEY], [OTHER_KEY]], 'and nothing but changes');
});
