// Three members on this machine: they find each other, one changes its tags, one leaves, one crashes.
// Run with: node examples/cluster.mjs
import { Gossip } from '@shoal/gossip';

const start = (name) =>
  Gossip.start({ name, bind: { host: '127.0.0.1', port: 0 }, tags: { site: 'here' }, profile: 'local' });

/** Waits until `who` tells of a change. */
const seen = (who, type, name) =>
  new Promise((resolve) => {
    const listener = (event) => {
      if (event.type !== type || event.member.name !== name) return;
      who.off('change', listener);
      console.log(`${who.self.name}: ${name} ${event.member.state}`, event.member.tags);
      resolve();
    };
    who.on('change', listener);
  });

const [anna, bert, carl] = await Promise.all(['anna', 'bert', 'carl'].map(start));
const joined = Promise.all([seen(anna, 'join', 'bert'), seen(anna, 'join', 'carl')]);
await bert.join([`127.0.0.1:${anna.port}`]);
await carl.join([`127.0.0.1:${anna.port}`]);
await joined;

const updated = seen(anna, 'update', 'bert');
bert.setTags({ site: 'here', drain: 'yes' });
await updated;

const left = seen(anna, 'leave', 'bert');
await bert.leave();
await bert.stop();
await left;

const failed = seen(anna, 'fail', 'carl');
await carl.stop(); // without a goodbye
await failed;
await anna.stop();
