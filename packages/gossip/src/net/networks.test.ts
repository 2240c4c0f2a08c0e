import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { Gossip } from './gossip.js';
import { FAST, membersOn, placeOf, stateOf, until, untilPinged } from './members.test-support.js';
import { parsePlace, type Resolver } from './resolve.js';

const member = membersOn(4);

/**
 * Passes on what comes to port 9896 of `from`, UDP and TCP, to `to`, and the answers back, as a proxy in front of a
 * container does: the receiver sees the proxy's address only.
 */
async function forward(t: Test, from: string, to: { host: string; port: number }): Promise<void> {
  const flows = new Map<string, UdpSocket>();
  const udp = createSocket('udp4', (packet, { address, port }) => {
    const flow =
      flows.get(`${address}:${port}`) ?? createSocket('udp4', (back) => udp.send(back, port, address));
    flows.set(`${address}:${port}`, flow);
    flow.send(packet, to.port, to.host);
  }).bind(9896, from);
  const streams = new Set<Socket>();
  const tcp = createServer((inner) => {
    const outer = connect(to.port, to.host);
    for (const socket of [inner, outer]) {
      streams.add(socket);
      socket.on('error', () => void [inner.destroy(), outer.destroy()]);
    }
    inner.pipe(outer).pipe(inner);
  }).listen(9896, from);
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  t.teardown(() => {
    udp.close();
    tcp.close();
    for (const flow of flows.values()) flow.close();
    for (const socket of streams) socket.destroy();
  });
}

test('a member is found at the address that it advertises, though it is bound to another', async (t) => {
  const bind = { host: '127.11.4.200', port: 0 };
  const advertise = { host: '127.11.4.201', port: 9896 };
  const hidden = await member(t, 'hidden', { bind, advertise });
  await forward(t, advertise.host, { host: bind.host, port: hidden.port });
  const [a, b] = await Promise.all([member(t, 'a'), member(t, 'b')]);
  await hidden.join([placeOf(a)]);
  await b.join([placeOf(hidden)]);
  const all = [hidden, a, b];
  await until(t, 'all see all', () => all.every((x) => x.members().length === 3));
  await untilPinged(t, all);
  t.match(
    b.members().find(({ name }) => name === 'hidden'),
    { address: advertise.host, port: 9896 },
  );
});

test('members talk over IPv6', async (t) => {
  const bind = { host: '::1', port: 0 };
  const a = await member(t, 'a', { bind: { host: '0:0:0:0:0:0:0:1', port: 0 }, keys: [new Uint8Array(16)] });
  const b = await member(t, 'b', { bind, keys: [new Uint8Array(16)] });
  t.equal(a.self.address, '::1');
  await b.join([placeOf(a)]);
  await until(t, 'both see both', () => stateOf(a, 'b') === 'alive' && stateOf(b, 'a') === 'alive');
  const heard: string[] = [];
  a.on('message', ({ body }) => heard.push(Buffer.from(body).toString()));
  await b.send('a', Buffer.from('packet'));
  await b.send('a', Buffer.from('stream'), { reliable: true });
  await until(t, 'a message and a stream arrived', () => heard.length === 2);
  await untilPinged(t, [a, b]);
});

test('a member bound to all addresses talks over IPv4 and IPv6; one of a single family says what it cannot reach', async (t) => {
  const dual = await member(t, 'dual', { bind: { host: '::', port: 0 }, advertise: { host: '127.0.0.1' } });
  const v4 = await member(t, 'v4');
  const v6 = await member(t, 'v6', { bind: { host: '::1', port: 0 } });
  await dual.join([placeOf(v4), placeOf(v6)]);
  await until(t, 'it has both', () => stateOf(dual, 'v4') === 'alive' && stateOf(dual, 'v6') === 'alive');
  await until(t, 'packets go both ways over IPv4', () => stateOf(v4, 'dual') === 'alive');
  const heard: string[] = [];
  for (const x of [v4, v6]) x.on('message', () => heard.push(x.self.name));
  await dual.send('v4', Buffer.from('x'));
  await dual.send('v6', Buffer.from('x'));
  await until(t, 'both heard it', () => heard.length >= 2);
  t.equal(stateOf(v4, 'v6'), undefined, 'whom a member cannot reach it does not take in');
  await t.rejects(v4.join([placeOf(v6)]), { message: /'::1' has only IPv6 addresses.*bound to IPv4 alone/ });
  await t.rejects(v6.join([placeOf(v4)]), { message: /has only IPv4 addresses/ });
  for (const [host, other] of [
    ['127.11.4.210', '::1'],
    ['::1', '127.0.0.1'],
  ] as const) {
    await t.rejects(member(t, 'mixed', { bind: { host, port: 0 }, advertise: { host: other } }), {
      code: 'INVALID_OPTION',
      message: `advertise.host: ${other} cannot be reached from a socket bound to ${host}`,
    });
  }
});

test('all addresses of a name are seeds, and they are looked up again', async (t) => {
  const [a, b, late] = await Promise.all(['a', 'b', 'late'].map((name) => member(t, name)));
  if (!a || !b || !late) throw new Error('three members');
  let answer: readonly string[] = [a.self.address, b.self.address, 'fd00::1'];
  const asked: string[] = [];
  const resolve: Resolver = async (host) => {
    asked.push(host);
    return answer;
  };
  const overrides = { ...FAST, resolveIntervalMs: 50 };
  const gossip = await member(t, 'joining', { resolve, overrides });
  t.same(await gossip.join(['name.example']), { joined: 1, errors: [] });
  await until(t, 'both addresses were joined', () =>
    [a, b].every((x) => stateOf(x, 'joining') === 'alive' && x.members().length === 3),
  );
  answer = [late.self.address];
  await until(t, 'the new address too', () => stateOf(late, 'joining') === 'alive');
  t.same(new Set(asked), new Set(['name.example']));
  answer = [];
  const lone = await member(t, 'lone', { resolve, overrides });
  await t.rejects(lone.join(['name.example']), { message: /'name.example' cannot be resolved: no address/ });
  answer = [a.self.address];
  await until(t, 'a name that resolves later is joined later', () => stateOf(lone, 'a') === 'alive');
});

test('places are written as memberlist has them', async (t) => {
  const good: [string, string, number][] = [
    ['10.0.0.1', '10.0.0.1', 9],
    ['10.0.0.1:8301', '10.0.0.1', 8301],
    ['host.example', 'host.example', 9],
    ['node-1/host.example:8301', 'host.example', 8301],
    ['node-1/10.0.0.1', '10.0.0.1', 9],
    ['fd00::1', 'fd00::1', 9],
    ['[fd00::1]', 'fd00::1', 9],
    ['[fd00::1]:8301', 'fd00::1', 8301],
    ['node-1/[fd00::1]:8301', 'fd00::1', 8301],
    ['::ffff:10.0.0.1', '10.0.0.1', 9],
  ];
  for (const [place, host, port] of good) t.same(parsePlace(place, 9), { host, port }, place);
  for (const place of ['', ':80', '/10.0.0.1', 'a/', 'a b', 'x:y', '[::1', '10.0.0.1:123456']) {
    t.throws(() => parsePlace(place, 9), { code: 'BAD_ADDRESS', message: /expected host/ }, `'${place}'`);
  }
  for (const port of [80_000, 0]) {
    const message = `'10.0.0.1:${port}' has port ${port}, expected 1 to 65535`;
    t.throws(() => parsePlace(`10.0.0.1:${port}`, 9), { code: 'BAD_ADDRESS', message });
  }
});

test('a join with something that is no address is refused before anything is tried, and nothing of it is kept', async (t) => {
  const a = await member(t, 'a');
  const asked: string[] = [];
  const resolve: Resolver = async (host) => {
    asked.push(host);
    return [];
  };
  const joining = await member(t, 'joining', { resolve });
  const faults: [unknown, RegExp][] = [
    [undefined, /^places is undefined, expected a list of addresses$/],
    [placeOf(a), /^places is a string, expected a list of addresses$/],
    [[placeOf(a), 7], /^places\[1\] is a number, expected a string$/],
    [[placeOf(a), undefined], /^places\[1\] is undefined, expected a string$/],
    [
      ['seed.example', 'not a host'],
      /^'not a host' is no address, expected host, host:port or name\/host:port$/,
    ],
    [[placeOf(a), 'host:99999'], /^'host:99999' has port 99999, expected 1 to 65535$/],
  ];
  for (const [places, message] of faults) {
    await t.rejects(joining.join(places as string[]), { code: 'BAD_ADDRESS', message });
  }
  t.equal(joining.stats().traffic.streamsOut, 0, 'the good ones were not dialed');
  t.same(await joining.join([]), { joined: 0, errors: [] });
  t.same(asked, [], 'and names were not looked up, not even with all seeds');
});

test('each reason for which a join failed begins with the address, and has it once', async (t) => {
  const labeled = await member(t, 'labeled', { label: 'blue' });
  const resolve: Resolver = async (host) => {
    const cause = new Error(`getaddrinfo ENOTFOUND ${host}`);
    throw Object.assign(cause, { syscall: 'getaddrinfo', code: 'ENOTFOUND' });
  };
  const a = await member(t, 'a', { resolve });
  const reasons: [string, string][] = [
    ['127.11.4.250:9', '127.11.4.250:9: connect ECONNREFUSED'],
    ['seed.example', "'seed.example' cannot be resolved: getaddrinfo ENOTFOUND"],
    [placeOf(labeled), `${placeOf(labeled)}: label is missing`],
  ];
  for (const [place, reason] of reasons) {
    const message = `no node could be joined: ${reason}`;
    await t.rejects(a.join([place]), { code: 'JOIN_FAILED', message });
  }
  const b = await member(t, 'b', { resolve });
  const result = await a.join([...reasons.map(([place]) => place), placeOf(b)]);
  t.same(result, { joined: 1, errors: reasons.map(([address, message]) => ({ address, message })) });
});

test('fifty members on one host become one cluster, and stay it', async (t) => {
  const keys = [new Uint8Array(32)];
  const overrides = { gossipIntervalMs: 50, pushPullIntervalMs: 5000 };
  const start = (i: number): Promise<Gossip> =>
    Gossip.start({
      name: `n${i}`,
      bind: { host: '127.11.5.1', port: 0 },
      tags: { id: String(i) },
      keys,
      overrides,
    });
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => start(i)));
  t.teardown(() => Promise.all(all.map((x) => x.stop())));
  const [first, ...others] = all;
  if (!first) throw new Error('a first member');
  await Promise.all(others.map((x) => x.join([placeOf(first)])));
  await until(t, 'all see all', () => all.every((x) => x.stats().members.alive === 50));
  t.equal(
    all.reduce((sum, x) => sum + x.stats().protocol.failuresDeclared, 0),
    0,
  );
});
