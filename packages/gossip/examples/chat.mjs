// A chat: what one member broadcasts, some others get, and some of it several times. So each message has an id, and who
// hears it first passes it on, which brings it to all of a cluster of any size.
// Run with: node examples/chat.mjs
import { randomUUID } from 'node:crypto';
import { Gossip } from '@shoal/gossip';

async function chatter(name, print) {
  const gossip = await Gossip.start({
    name,
    bind: { host: '127.0.0.1', port: 0 },
    profile: 'local',
    overrides: { serf: false }, // nobody here speaks Serf, so its messages needn't either
  });
  const known = new Set();
  gossip.on('message', ({ body }) => {
    const { id, from, text, forAll } = JSON.parse(Buffer.from(body));
    if (known.has(id)) return;
    known.add(id); // a real program would forget old ones
    if (forAll) gossip.broadcast(body);
    print(name, from, text);
  });
  const encode = (text, forAll) => {
    const id = randomUUID();
    known.add(id);
    return Buffer.from(JSON.stringify({ id, from: name, text, forAll }));
  };
  return {
    gossip,
    say: (text) => gossip.broadcast(encode(text, true)),
    whisper: (to, text) => gossip.send(to, encode(text, false), { reliable: true }),
  };
}

let heard = 0;
const print = (name, from, text) => {
  console.log(`${name} hears ${from}: ${text}`);
  heard++;
};
const [anna, bert, carl] = await Promise.all(['anna', 'bert', 'carl'].map((name) => chatter(name, print)));
for (const { gossip } of [bert, carl]) await gossip.join([`127.0.0.1:${anna.gossip.port}`]);
bert.say('good morning, all');
await anna.whisper('carl', 'are you there?');
while (heard < 3) await new Promise((resolve) => setTimeout(resolve, 50));
for (const { gossip } of [anna, bert, carl]) {
  await gossip.leave();
  await gossip.stop();
}
