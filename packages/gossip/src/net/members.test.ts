import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { Gossip } from './gossip.js';
import { FAST, KEY, keepingLogger, OTHER_KEY, placeOf, stateOf, until } from './members.test-support.js';
import type { GossipOptions } from './options.js';

let hosts = 1;

/** A member on 127.16.1.1 and up, unless `options` say otherwise. */
async function member(t: Test, name: string, options: Partial<GossipOptions> = {}): Promise<Gossip> {
  const bind = { host: `127.16.1.${hosts++}`, port: 9896 };
  const gossip = await Gossip.start({ name, bind, tags: { id: name }, overrides: FAST, ...options });
  t.teardown(() => gossip.stop());
  return gossip;
}

test('256 messages to all arrive', async (t) => {
  const [a, b] = [await member(t, 'a'), await member(t, 'b')];
  await a.join([placeOf(b)]);
  await until(t, 'both see both', () => stateOf(a, 'b') === 'alive' && stateOf(b, 'a') === 'alive');
  const heard = new Map([a, b].map((x) => [x, new Map<string, number>()]));
  for (const x of [a, b]) {
    x.on('message', ({ body }) => {
      const text = Buffer.from(body).toString();
      heard.get(x)?.set(text, (heard.get(x)?.get(text) ?? 0) + 1);
    });
  }
  for (const x of [a, b]) for (let i = 0; i < 256; i++) x.broadcast(Buffer.from(`${x.self.name} ${i}`));
  t.ok(a.stats().queued >= 256, 'the queue is measured');
  await until(t, 'each heard all of the other', () =>
    [...heard.values()].every((messages) => messages.size === 256),
  );
  t.ok(heard.get(a)?.has('b 255') && heard.get(b)?.has('a 0'));
  await until(t, 'the queues are empty in the end', () => [a, b].every((x) => x.stats().queued === 0));
  const copies = [...heard.values()].flatMap((messages) => [...messages.values()]);
  t.ok(Math.max(...copies) <= 8, `as often as an update is sent, and no more: ${Math.max(...copies)} times`);
});

test('a join through a host that accepts and stays silent ends in time', async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  silent.listen(9896, '127.16.1.200');
  await once(silent, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const gossip = await member(t, 'a', { overrides: { ...FAST, streamTimeoutMs: 50 } });
  const started = performance.now();
  await t.rejects(gossip.join(['127.16.1.200:9896']), { code: 'JOIN_FAILED', message: /within 50 ms/ });
  const took = performance.now() - started;
  t.ok(took >= 45 && took < 2000, `${took} ms`);
});

test('a member that left stays so, and comes back as a new one at the same place', async (t) => {
  const [a, b] = [await member(t, 'a'), await member(t, 'b')];
  await b.join([placeOf(a)]);
  await until(t, 'both see both', () => stateOf(a, 'b') === 'alive' && stateOf(b, 'a') === 'alive');
  await b.leave();
  await until(t, 'the leave is known', () => stateOf(a, 'b') === 'left');
  const left = { code: 'STOPPED', message: /has left/, hint: /start a new one/ };
  await t.rejects(b.join([placeOf(a)]), left);
  t.throws(() => b.setTags({ id: 'b', again: 'yes' }), left);
  t.same([b.self.state, b.self.tags], ['left', { id: 'b' }]);
  await b.leave();
  const changes: string[] = [];
  a.on('change', ({ type, member: { name } }) => changes.push(`${type} ${name}`));
  await a.join([placeOf(b)]);
  t.equal(stateOf(a, 'b'), 'left');
  t.same(changes, [], 'not even an exchange brings it back');
  await b.stop();
  const again = await member(t, 'b', { bind: { host: b.self.address, port: 9896 }, tags: { id: 'new' } });
  await again.join([placeOf(a)]);
  await until(t, 'it is back', () => stateOf(a, 'b') === 'alive' && stateOf(again, 'a') === 'alive');
  t.same(a.members().find(({ name }) => name === 'b')?.tags, { id: 'new' });
});

test('a join with another key says on both sides that none fits', async (t) => {
  const { lines, logger } = keepingLogger();
  const a = await member(t, 'a', { keys: [KEY], logger });
  const b = await member(t, 'b', { keys: [OTHER_KEY] });
  await t.rejects(b.join([placeOf(a)]), {
    code: 'JOIN_FAILED',
    message: /no installed key decrypts the message/,
  });
  t.match(lines.find(({ level }) => level === 'warn')?.fields, {
    kind: 'stream refused',
    detail: /no installed key decrypts the message/,
  });
  t.same([a.members().length, b.members().length], [1, 1]);
});

test('a stream that ends within its label is closed without an answer', async (t) => {
  const gossip = await member(t, 'a', { label: 'blue', overrides: { ...FAST, streamTimeoutMs: 10_000 } });
  for (const begin of [[], [0xf4], [0xf4, 4], [0xf4, 4, 0x62, 0x6c]]) {
    const socket = connect({ host: gossip.self.address, port: gossip.self.port });
    let answered = 0;
    socket.on('data', (chunk) => {
      answered += chunk.length;
    });
    socket.end(Buffer.from(begin));
    await once(socket, 'close');
    t.equal(answered, 0, `after ${begin.length} bytes`);
  }
  const other = await member(t, 'b', { label: 'blue' });
  t.equal((await other.join([placeOf(gossip)])).joined, 1, 'and it still serves');
});

test('a datagram that the kernel refuses is counted, and no more than a lost one', async (t) => {
  const gossip = await member(t, 'a');
  // Without a permission that the socket doesn't ask for, nothing can be sent there.
  await gossip.send({ host: '255.255.255.255', port: 9896 }, Buffer.from('x'));
  await until(t, 'counted', () => gossip.stats().traffic.sendErrors === 1);
  const other = await member(t, 'b');
  t.equal((await other.join([placeOf(gossip)])).joined, 1, 'the socket still works');
  await until(t, 'over UDP too', () => stateOf(gossip, 'b') === 'alive');
});
