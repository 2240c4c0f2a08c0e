// From a cluster without encryption to an encrypted one, and then to another key, without a restart. Each step is
// done on all members before the next one begins.
// Run with: node examples/key-rotation.mjs
import { randomBytes } from 'node:crypto';
import { Gossip } from '@shoal/gossip';

const members = await Promise.all(
  ['anna', 'bert', 'carl'].map((name) =>
    Gossip.start({ name, bind: { host: '127.0.0.1', port: 0 }, profile: 'local' }),
  ),
);
const [anna, ...others] = members;
for (const member of others) await member.join([`127.0.0.1:${anna.port}`]);
anna.on('keyring', (keys) => console.log(`anna keeps ${keys.length} key(s) for her next start`));

async function onAll(what, step) {
  for (const member of members) step(member);
  const note = Buffer.from(what);
  await anna.send('bert', note, { reliable: true });
  const refused = members.reduce((sum, member) => sum + member.stats().traffic.packetsRefused, 0);
  console.log(`${what}: all alive: ${anna.stats().members.alive === 3}, refused: ${refused}`);
}

const first = randomBytes(32);
await onAll('take plaintext and send it', (member) => member.setPlaintext('send'));
await onAll('install a key', (member) => member.keyring.install(first));
await onAll('encrypt, but still take plaintext', (member) => member.setPlaintext('accept'));
await onAll('take nothing but encrypted', (member) => member.setPlaintext('refuse'));

const second = randomBytes(32);
await onAll('install a second key', (member) => member.keyring.install(second));
await onAll('use it', (member) => member.keyring.use(second));
await onAll('remove the first', (member) => member.keyring.remove(first));

for (const member of members) await member.stop();
