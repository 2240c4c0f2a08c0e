import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Test, test } from 'tap';
import type { MemberEvent } from './events.js';
import { Gossip } from './gossip.js';
import {
  FAST,
  KEY,
  keepingLogger,
  membersOn,
  OTHER_KEY,
  placeOf,
  stateOf,
  until,
} from './members.test-support.js';

/* Real sockets on 127.11.6.0/24. */
const member = membersOn(6);

test('members join, tell their tags, change them, leave and crash', async (t) => {
  const security = { keys: [KEY], label: 'cluster-1' };
  const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => member(t, name, security)));
  if (!a || !b || !c || !d) throw new Error('four members');
  const events: string[] = [];
  a.on('change', (event: MemberEvent) =>
    events.push(`${event.type} ${event.member.name} ${event.member.state}`),
  );
  t.same(await b.join([placeOf(a)]), { joined: 1, errors: [] });
  await Promise.all([c.join([placeOf(a)]), d.join([placeOf(b)])]);
  const all = [a, b, c, d];
  await until(t, 'all see all', () =>
    all.every((x) => x.members().every((m) => m.state === 'alive') && x.members().length === 4),
  );
  const before = Date.now();
  b.setTags({ id: 'b', drain: 'yes' });
  const drained = (x: Gossip): boolean =>
    x.members().some((m) => m.name === 'b' && m.tags['drain'] === 'yes');
  await until(t, 'all see the new tag', () => all.every(drained));
  await Promise.all([c.leave().then(() => c.stop()), d.stop()]);
  await until(t, 'the leave is seen', () => stateOf(a, 'c') === 'left' && stateOf(b, 'c') === 'left');
  await until(t, 'the crash is seen', () => stateOf(a, 'd') === 'dead' && stateOf(b, 'd') === 'dead');
  t.strictSame(
    events.filter((event) => event.includes(' c')),
    ['join c alive', 'leave c left'],
  );
  t.strictSame(
    events.filter((event) => event.includes(' d')),
    ['join d alive', 'suspect d suspect', 'fail d dead'],
  );
  const dead = a.members().find((m) => m.name === 'd');
  t.ok(dead && dead.since >= before && dead.since <= Date.now(), 'since is wall-clock time');
  t.match(dead?.versions, {
    protocol: { min: 1, max: 5, current: 2 },
    delegate: { min: 2, max: 5, current: 5 },
  });
  t.same(
    a.peers(),
    [placeOf(b), `${d.self.address}:9896`],
    'active peers first, then failed ones, not those that left',
  );
  t.match(a.stats(), { members: { alive: 2, suspect: 0, dead: 1, left: 1 } });
  t.equal(a.stats().traffic.packetsRefused, 0);
  t.ok(a.stats().protocol.failuresDeclared + b.stats().protocol.failuresDeclared >= 1);
});

test('members with another key, another label or none cannot get in, and do no harm', async (t) => {
  const inside = await member(t, 'inside', { keys: [KEY], label: 'x' });
  const strangers = await Promise.all([
    member(t, 'other-key', { keys: [OTHER_KEY], label: 'x' }),
    member(t, 'other-label', { keys: [KEY], label: 'y' }),
    member(t, 'no-label', { keys: [KEY] }),
    member(t, 'plain', { label: 'x' }),
  ]);
  for (const stranger of strangers) {
    await t.rejects(
      stranger.join([placeOf(inside)]),
      { name: 'GossipError', code: 'JOIN_FAILED' },
      stranger.self.name,
    );
    t.equal(stranger.members().length, 1);
  }
  t.equal(inside.members().length, 1);
  t.ok(inside.stats().traffic.streamsRefused >= 4, 'those that try again too');
  const [x, y] = [await member(t, 'x', { label: 'x' }), await member(t, 'y', { label: 'y' })];
  await t.rejects(y.join([placeOf(x)]), { code: 'JOIN_FAILED' }, 'nor without encryption');
  t.equal(x.members().length, 1);
});

test('keys are rotated while members run', async (t) => {
  const a = await member(t, 'a', { keys: [KEY] });
  const b = await member(t, 'b', { keys: [KEY] });
  await b.join([placeOf(a)]);
  for (const x of [a, b]) x.keyring.install(OTHER_KEY);
  for (const x of [a, b]) x.keyring.use(OTHER_KEY);
  for (const x of [a, b]) x.keyring.remove(KEY);
  t.same(a.keyring.list(), [OTHER_KEY]);
  const c = await member(t, 'c', { keys: [OTHER_KEY] });
  await c.join([placeOf(b)]);
  await until(t, 'all see all', () => [a, b, c].every((x) => x.members().length === 3));
  t.throws(() => a.keyring.remove(OTHER_KEY), { code: 'KEY_REFUSED', message: /primary/ });
  t.throws(() => a.keyring.use(KEY), { code: 'KEY_REFUSED', message: /not installed/ });
  t.throws(() => a.keyring.install(new Uint8Array(5)), {
    code: 'INVALID_OPTION',
    message: 'the key to install has 5 bytes, expected 16, 24 or 32',
  });
  const text = Buffer.from(OTHER_KEY).toString('base64') as unknown as Uint8Array;
  for (const change of ['install', 'use', 'remove'] as const) {
    t.throws(() => a.keyring[change](text), {
      code: 'INVALID_OPTION',
      message: `the key to ${change} is a string, expected a Uint8Array`,
    });
  }
});

test('a taken port is an error that names the address, for TCP and for UDP', async (t) => {
  const first = await member(t, 'first');
  const bind = { host: first.self.address, port: 9896 };
  await t.rejects(Gossip.start({ name: 'second', bind, tags: {} }), {
    code: 'ADDRESS_IN_USE',
    message: `TCP ${bind.host}:9896 is in use by another process`,
  });
  const socket = createSocket('udp4').bind(9897, bind.host);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  await t.rejects(Gossip.start({ name: 'second', bind: { ...bind, port: 9897 }, tags: {} }), {
    code: 'ADDRESS_IN_USE',
    message: `UDP ${bind.host}:9897 is in use by another process`,
  });
});

test('a join reports each address, and fails only if all do', async (t) => {
  const a = await member(t, 'a', { bind: { host: '127.11.6.99', port: 0 } });
  const b = await member(t, 'b');
  const result = await b.join([placeOf(a), '127.11.6.253:1', placeOf(b)]);
  t.equal(result.joined, 2, 'the own address counts, and is not dialed');
  t.match(result.errors, [{ address: '127.11.6.253:1', message: /ECONNREFUSED/ }]);
  await t.rejects(b.join(['127.11.6.253:1']), { code: 'JOIN_FAILED', message: /ECONNREFUSED/ });
  t.same(await b.join([]), { joined: 0, errors: [] });
});

test('a member whose seed comes up later finds it by itself, and again after the seed was away', async (t) => {
  const bind = { host: '127.11.6.240', port: 9896 };
  const early = await member(t, 'early');
  await t.rejects(early.join(['127.11.6.240:9896']), { code: 'JOIN_FAILED' });
  const seed = await member(t, 'seed', { bind });
  await until(t, 'joined', () => stateOf(seed, 'early') === 'alive' && stateOf(early, 'seed') === 'alive');
  await seed.stop();
  await until(t, 'seed is dead', () => stateOf(early, 'seed') === 'dead');
  const again = await member(t, 'seed', { bind });
  await until(
    t,
    'seed is back, without having been told of anybody',
    () => stateOf(again, 'early') === 'alive' && stateOf(early, 'seed') === 'alive',
  );
});

test('datagrams of garbage are counted, logged now and then, and never hurt', async (t) => {
  const { lines, logger } = keepingLogger();
  const plain = await member(t, 'plain', { logger });
  const sealed = await member(t, 'sealed', { logger, keys: [KEY] });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const garbage = [
    '',
    '00',
    'ff',
    '07ff',
    '0780',
    '0c00',
    '0900',
    'f400',
    'f4ff61',
    '0981a4416c676f05',
    '0686',
    '0081',
    'c1c1',
  ];
  const packets = [
    ...garbage.map((hex) => Buffer.from(hex, 'hex')),
    Buffer.alloc(60_000, 0x91),
    Buffer.alloc(60_000),
  ];
  for (const { self } of [plain, sealed]) for (const p of packets) socket.send(p, self.port, self.address);
  await until(t, 'all arrived', () =>
    [plain, sealed].every((x) => x.stats().traffic.packetsIn === packets.length),
  );
  t.equal(sealed.stats().traffic.packetsRefused, packets.length);
  const { traffic, protocol } = plain.stats();
  t.ok(traffic.packetsRefused + protocol.malformed >= packets.length - 2, 'all but an empty ping are faulty');
  t.ok(
    lines.filter((line) => line.level === 'warn').length <= 6,
    'a line for each kind, not for each packet',
  );
  t.equal(plain.members().length, 1);
});

/** What the server answers to these bytes before it closes. */
async function talk(gossip: Gossip, bytes: Buffer): Promise<Buffer> {
  const socket = connect(gossip.self.port, gossip.self.address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

test('streams of garbage are closed, the oversized before they are read and the slow at the deadline', async (t) => {
  const gossip = await member(t, 'plain');
  const nodes = Buffer.from('0683a44a6f696ec3a54e6f646573ce7fffffffac5573657253746174654c656e00', 'hex');
  const user = Buffer.from('0881aa557365724d73674c656ece7fffffff', 'hex');
  t.match((await talk(gossip, nodes)).toString(), /pushPull.Nodes is 2147483647/);
  t.match((await talk(gossip, user)).toString(), /UserMsgLen is 2147483647/);
  t.match((await talk(gossip, Buffer.from('0a7fffffff'))).toString(), /type 48/);
  t.match(
    (await talk(gossip, Buffer.from('0a7fffffff00', 'hex'))).toString(),
    /encryption is not configured/,
  );
  const started = Date.now();
  t.equal((await talk(gossip, Buffer.of(6))).length, 0);
  t.ok(Date.now() - started >= 590, 'a stream that never ends is closed at the deadline');
  t.equal(gossip.stats().traffic.streamsRefused, 5);
  const other = await member(t, 'other');
  t.equal((await other.join([placeOf(gossip)])).joined, 1, 'and it still serves');
});

test('more streams than it serves at a time are closed at once', async (t) => {
  const gossip = await member(t, 'busy', { overrides: { ...FAST, streamTimeoutMs: 5000 } });
  const sockets = Array.from({ length: 140 }, () => connect(gossip.self.port, gossip.self.address));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  let closed = 0;
  for (const socket of sockets) socket.on('close', () => closed++).on('error', () => undefined);
  await until(t, 'the surplus is closed', () => closed === 12);
});

/** A member in a thread of its own, so that it goes on while this thread is stopped. */
async function memberElsewhere(t: Test, host: string): Promise<void> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ Gossip }) => {
      await Gossip.start(workerData.options);
      parentPort.postMessage('started');
    });`;
  const options = { name: 'elsewhere', bind: { host, port: 9896 }, tags: {}, overrides: FAST };
  const module = new URL('./gossip.js', import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { module, options } });
  t.teardown(() => worker.terminate());
  await once(worker, 'message');
}

test('a process that was stopped reads its sockets before it blames anybody', async (t) => {
  const host = '127.11.6.230';
  await memberElsewhere(t, host);
  const gossip = await member(t, 'stopped');
  await gossip.join([`${host}:9896`]);
  const { probes } = gossip.stats().protocol;
  while (gossip.stats().protocol.probes < probes + 4) {
    // One turn of the event loop, in which a probe may go out; its answer comes while this thread stands still.
    await new Promise((resolve) => setImmediate(resolve));
    const end = Date.now() + 300;
    while (Date.now() < end);
  }
  t.equal(gossip.stats().protocol.probesFailed, 0);
});

test('a burst of datagrams is read whole', async (t) => {
  const gossip = await member(t, 'reader');
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const packet = Buffer.from('0868656c6c6f', 'hex');
  let heard = 0;
  gossip.on('message', () => heard++);
  for (let i = 0; i < 500; i++) socket.send(packet, gossip.self.port, gossip.self.address);
  await until(t, 'all 500 were heard', () => heard === 500);
});

test('what a listener throws is logged, and listeners may call back', async (t) => {
  const { lines, logger } = keepingLogger();
  const a = await member(t, 'a', { logger });
  const b = await member(t, 'b');
  const listener = (): void => {
    a.setTags({ id: 'a', members: String(a.members().length) });
    throw new Error('thrown by the listener');
  };
  a.on('change', listener);
  await b.join([placeOf(a)]);
  await until(t, 'the listener took effect', () => b.members().some((m) => m.tags['members'] === '2'));
  t.ok(lines.some((line) => line.level === 'error'));
  a.off('change', listener);
});

test('a message to all reaches all', async (t) => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => member(t, name)));
  if (!a || !b || !c) throw new Error('three members');
  await Promise.all([b.join([placeOf(a)]), c.join([placeOf(a)])]);
  const heard = new Set<string>();
  for (const x of [b, c]) x.on('message', ({ body }) => heard.add(`${x.self.name} ${Buffer.from(body)}`));
  a.broadcast(Buffer.from('\u00c8hello'));
  await until(t, 'both heard it', () => heard.size === 2);
});

test('a stopped member ends what waits and refuses what comes', async (t) => {
  const a = await member(t, 'a', { overrides: { ...FAST, streamTimeoutMs: 10_000 } });
  const b = await member(t, 'b');
  await b.join([placeOf(a)]);
  const silent = createServer().listen(9896, '127.11.6.254');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const joining = t.rejects(a.join(['127.11.6.254:9896']), { code: 'JOIN_FAILED' });
  await once(silent, 'connection');
  const unresolved = t.rejects(a.join(['127.11.6.254:9896']), { code: 'JOIN_FAILED' });
  const leaving = a.leave({ timeoutMs: 60_000 });
  await a.stop();
  await Promise.all([leaving, joining, unresolved, a.stop()]);
  t.throws(() => a.setTags({}), { code: 'STOPPED' });
  await t.rejects(a.join([placeOf(b)]), { code: 'STOPPED' });
});

test('a restarted member goes on above the incarnation that it had', async (t) => {
  const gossip = await member(t, 'resumed', { incarnation: 17 });
  t.equal(gossip.self.incarnation, 18);
  t.equal(gossip.self.self, true);
});
