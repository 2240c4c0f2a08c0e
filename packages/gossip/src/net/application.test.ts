import { createServer } from 'node:net';
import { runInNewContext } from 'node:vm';
import { test } from 'tap';
import type { Conflict, Message, RemoteState, RoundTrip } from './events.js';
import { FAST, keepingLogger, membersOn, placeOf, stateOf, until } from './members.test-support.js';

const member = membersOn(2);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('a message goes to one member, by name or address, over UDP or TCP', async (t) => {
  const [a, b, c] = await Promise.all([member(t, 'a'), member(t, 'b'), member(t, 'c')]);
  await Promise.all([b.join([placeOf(a)]), c.join([placeOf(a)])]);
  const heard: Message[] = [];
  b.on('message', (message) => heard.push(message));
  const others: Message[] = [];
  for (const x of [a, c]) x.on('message', (message) => others.push(message));
  const large = new Uint8Array(1 << 20).fill(7);
  const largest = Buffer.alloc(a.maxMessageBytes, 'x');
  await a.send('b', Buffer.from('by name'));
  await a.send({ host: b.self.address, port: b.self.port }, Buffer.from('by address'));
  await a.send('b', largest);
  await a.send('b', large, { reliable: true, timeoutMs: 10_000 });
  await until(t, 'all arrived', () => heard.length === 4);
  t.strictSame(
    new Set(heard.map(({ body, reliable }) => `${body.length} ${reliable}`)),
    new Set(['7 false', '10 false', `${largest.length} false`, `${large.length} true`]),
  );
  const received = heard.find(({ reliable }) => reliable)?.body ?? new Uint8Array(0);
  t.equal(Buffer.compare(received, large), 0);
  t.same(others, [], 'and nobody else heard them');
});

test('a message that cannot go says why', async (t) => {
  const gossip = await member(t, 'a', { overrides: { ...FAST, streamTimeoutMs: 100 } });
  const large = new Uint8Array(gossip.maxMessageBytes + 1);
  const tooLarge = {
    code: 'MESSAGE_TOO_LARGE',
    message: `message has ${large.length} bytes, expected at most ${gossip.maxMessageBytes}`,
  };
  await t.rejects(gossip.send('a', large), { ...tooLarge, hint: /reliable/ });
  t.throws(() => gossip.broadcast(large), tooLarge);
  await t.rejects(gossip.send('a', new Uint8Array(17 << 20), { reliable: true }), {
    code: 'MESSAGE_TOO_LARGE',
    message: /at most 16777216/,
  });
  await t.rejects(gossip.send('nobody', large), { code: 'UNKNOWN_MEMBER', message: /'nobody'/ });
  await t.rejects(gossip.send({ host: 'no-number', port: 1 }, large), { code: 'BAD_ADDRESS' });
  const nowhere = { host: '127.11.2.250', port: 9896 };
  await t.rejects(gossip.send(nowhere, Buffer.from('x'), { reliable: true }), {
    code: 'SEND_FAILED',
    message: /127.11.2.250:9896: .*ECONNREFUSED/,
  });
  const silent = createServer().listen(9896, nowhere.host);
  t.teardown(() => silent.close());
  await t.rejects(gossip.send(nowhere, Buffer.from('x'), { reliable: true }), {
    code: 'SEND_FAILED',
    message: /within 100 ms/,
  });
  const sealed = await member(t, 'sealed', { keys: [new Uint8Array(16)] });
  const { address: host, port } = sealed.self;
  await t.rejects(gossip.send({ host, port }, Buffer.from('x'), { reliable: true }), { code: 'SEND_FAILED' });
});

test('a body that is no Uint8Array is refused, as it could only arrive destroyed', async (t) => {
  const gossip = await member(t, 'a');
  let heard = 0;
  gossip.on('message', () => heard++);
  const faults: [unknown, string][] = [
    ['hello', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, 'a number'],
    [{ length: 3 }, 'an object'],
    [[1, 2], 'an array'],
    [new ArrayBuffer(3), 'an ArrayBuffer'],
    [new Uint16Array(3), 'a Uint16Array'],
  ];
  for (const [fault, kind] of faults) {
    const want = { code: 'INVALID_OPTION', message: `body is ${kind}, expected a Uint8Array` };
    const body = fault as Uint8Array;
    t.throws(() => gossip.broadcast(body), want);
    await t.rejects(gossip.send('a', body), want);
    await t.rejects(gossip.send('a', body, { reliable: true }), want);
  }
  await t.rejects(gossip.send('a', 'text' as unknown as Uint8Array), {
    message: /^body is a string/,
    hint: 'Buffer.from(text)',
  });
  const elsewhere = runInNewContext('Uint8Array.of(1)') as Uint8Array;
  await gossip.send('a', elsewhere, { reliable: true });
  await until(t, 'one of another realm, as test runners make them, is one', () => heard === 1);
  for (const [to, message] of [
    [undefined, /^to is undefined, expected a member's name or/],
    [{ host: gossip.self.address, port: '9896' }, /and a port from 1 to 65535$/],
  ] as const) {
    const sent = gossip.send(to as unknown as string, elsewhere);
    await t.rejects(sent, { code: 'BAD_ADDRESS', message });
  }
});

test('a callback whose result is of another type counts as one that throws', async (t) => {
  const { logger, lines } = keepingLogger();
  const a = await member(t, 'a');
  const b = await member(t, 'b');
  const words = (() => 'text') as unknown as () => Uint8Array;
  const late = (async () => {
    throw new Error('nobody waits for this');
  }) as unknown as () => boolean;
  const wrong = await member(t, 'wrong', { logger, localState: words, ackPayload: words, acceptAlive: late });
  const states: RemoteState[] = [];
  const trips: RoundTrip[] = [];
  for (const x of [a, b]) {
    x.on('remoteState', (state) => states.push(state));
    x.on('roundTrip', (trip) => trips.push(trip));
  }
  await wrong.join([placeOf(a)]);
  await b.join([placeOf(a)]);
  await until(t, 'it is pinged', () => trips.some((trip) => trip.member.name === 'wrong'));
  t.same(states, [], 'nothing goes along with its state');
  t.notOk(
    trips.some(({ payload }) => payload !== null),
    'nor with its answers',
  );
  t.equal(wrong.members().length, 1, 'and nobody is taken in');
  const errors = lines.flatMap(({ level, fields }) => (level === 'error' ? [fields] : []));
  const logged = new Map(errors.map((fields) => Object.values(fields) as [string, Error]));
  t.match(Object.fromEntries(logged), {
    'localState failed': { message: 'result is a string, expected a Uint8Array' },
    'ackPayload failed': { message: 'result is a string, expected a Uint8Array' },
    'acceptAlive failed': { message: 'result is a Promise, expected a boolean' },
  });
});

for (const serf of [true, false]) {
  test(`state of the application goes along with a push-pull, ${serf ? 'behind' : 'without'} Serf's`, async (t) => {
    const overrides = { ...FAST, serf };
    const { logger, lines } = keepingLogger();
    const a = await member(t, 'a', { overrides, localState: (join) => Buffer.from(`a ${join}`) });
    const b = await member(t, 'b', { overrides, localState: (join) => Buffer.from(`b ${join}`) });
    const broken = (): Uint8Array => {
      throw new Error('thrown by the callback');
    };
    const c = await member(t, 'c', { overrides, logger, localState: broken });
    const heard = new Map([a, b, c].map((x) => [x.self.name, new Set<string>()]));
    for (const x of [a, b, c]) {
      x.on('remoteState', ({ state, join }: RemoteState) => {
        heard.get(x.self.name)?.add(`${text(state)} ${join}`);
      });
    }
    await b.join([placeOf(a)]);
    await until(t, 'each got the other state, at the join and later', () =>
      ['b true true', 'b false false'].every((s) => heard.get('a')?.has(s)),
    );
    t.ok(heard.get('b')?.has('a true true'));
    await c.join([placeOf(a)]);
    await until(t, 'a member whose callback throws gets state', () => (heard.get('c')?.size ?? 0) > 0);
    t.notOk(
      [...heard.values()].some((states) => [...states].some((state) => !/^[ab] /.test(state))),
      'but sends none',
    );
    const [error, ...more] = lines.filter(({ level }) => level === 'error');
    t.match(error?.fields, { kind: 'localState failed', err: { message: 'thrown by the callback' } });
    t.same(more, [], 'and one line is enough');
  });
}

test('a member can refuse others one by one, and joins all the same', async (t) => {
  const { logger, lines } = keepingLogger();
  const a = await member(t, 'a', { logger, acceptAlive: ({ tags }) => tags['id'] !== 'bad' });
  const b = await member(t, 'b', { acceptAlive: ({ name }) => name !== 'bad' });
  await b.join([placeOf(a)]);
  const bad = await member(t, 'bad');
  t.match(await bad.join([placeOf(a), placeOf(b)]), { joined: 2 });
  await until(t, 'both vetoed', () => [a, b].every((x) => x.stats().protocol.vetoed > 0));
  t.equal(stateOf(bad, 'a'), 'alive', 'the refused one sees them');
  t.same([stateOf(a, 'bad'), stateOf(b, 'bad')], [undefined, undefined]);
  t.equal(stateOf(a, 'b'), 'alive');
  t.match(lines.find(({ fields }) => 'kind' in fields && fields.kind === 'vetoed')?.fields, {
    detail: 'bad: refused by acceptAlive',
  });
});

test('a refused change of tags leaves the old ones', async (t) => {
  const a = await member(t, 'a', { acceptAlive: ({ tags }) => tags['role'] !== 'king' });
  const b = await member(t, 'b', { tags: { role: 'page' } });
  await b.join([placeOf(a)]);
  await until(t, 'b is there', () => stateOf(a, 'b') === 'alive');
  b.setTags({ role: 'king' });
  await until(t, 'vetoed', () => a.stats().protocol.vetoed > 0);
  t.same(a.members().find(({ name }) => name === 'b')?.tags, { role: 'page' });
});

test('one side can cancel a merge for both, and the joining side hears why', async (t) => {
  const asked: string[][] = [];
  const picky = await member(t, 'picky', {
    acceptMerge: (members) => {
      asked.push(members.map(({ name, state }) => `${name} ${state}`));
      return false;
    },
  });
  const other = await member(t, 'other');
  await t.rejects(other.join([placeOf(picky)]), { code: 'JOIN_FAILED', message: /refused by acceptMerge/ });
  await t.rejects(picky.join([placeOf(other)]), { code: 'JOIN_FAILED', message: /refused by acceptMerge/ });
  t.same(picky.members().length, 1);
  t.same(asked.slice(0, 2), [['other alive'], ['other alive']]);
  const failing = await member(t, 'failing', {
    acceptMerge: () => {
      throw new Error('thrown by the callback');
    },
  });
  const third = await member(t, 'third');
  await t.rejects(third.join([placeOf(failing)]), { message: /acceptMerge failed/ }, 'what throws is a veto');
  t.same([third.members().length, failing.members().length], [1, 1]);
});

test('two members with one name hear of each other, and neither outbids the other', async (t) => {
  const a = await member(t, 'twin', { tags: { n: '1' } });
  const witness = await member(t, 'witness');
  await witness.join([placeOf(a)]);
  await until(t, 'the first twin is known', () => stateOf(witness, 'twin') === 'alive');
  const b = await member(t, 'twin', { tags: { n: '2' }, incarnation: 7 });
  const told = new Map<object, Conflict>();
  for (const x of [a, b, witness]) x.on('conflict', (conflict) => told.set(x, conflict));
  await b.join([placeOf(witness), placeOf(a)]);
  await until(t, 'all three were told', () => told.size === 3);
  t.match(told.get(witness), {
    existing: { name: 'twin', tags: { n: '1' }, self: false },
    claimed: { name: 'twin', address: b.self.address, tags: { n: '2' } },
  });
  t.match(told.get(a), { existing: { self: true, tags: { n: '1' } }, claimed: { tags: { n: '2' } } });
  t.match(told.get(b), { existing: { self: true, tags: { n: '2' } }, claimed: { tags: { n: '1' } } });
  t.same([a.self.incarnation, b.self.incarnation], [1, 8]);
});

test('a member that joins by way of another with a taken name hears of it at once, and its claim goes no further', async (t) => {
  const first = await member(t, 'twin');
  const witness = await member(t, 'witness');
  const other = await member(t, 'other');
  for (const x of [witness, other]) await x.join([placeOf(first)]);
  await until(t, 'the others know each other', () =>
    [witness, other].every((x) => x.members().length === 3 && stateOf(x, 'twin') === 'alive'),
  );
  const second = await member(t, 'twin', { incarnation: 7 });
  const told: string[] = [];
  for (const [name, x] of Object.entries({ witness, second })) {
    x.on('conflict', ({ existing }) => told.push(`${name} ${existing.self} ${existing.address}`));
  }
  t.same(await second.join([placeOf(witness)]), { joined: 1, errors: [] }, 'the join goes well all the same');
  const wanted = [`second true ${second.self.address}`, `witness false ${first.self.address}`];
  t.same(told.slice(0, 2).sort(), wanted, 'both know when it is done');
  await until(t, 'it sees the others', () => second.members().length === 3);
  await until(t, 'the claim was heard again', () => witness.stats().protocol.conflicts > 1);
  t.equal(first.stats().protocol.conflicts, 0, 'a Serf agent in its place, if told, would shut down');
  for (const x of [witness, other]) {
    t.match(
      x.members().find(({ name }) => name === 'twin'),
      { address: first.self.address, state: 'alive' },
    );
  }
});

test('members outside of the allowed networks are not taken in, and this one must be inside', async (t) => {
  const allowedNetworks = ['127.11.2.0/24', 'fd00::/8'];
  const a = await member(t, 'a', { allowedNetworks });
  const inside = await member(t, 'inside');
  const outside = await member(t, 'outside', { bind: { host: '127.11.3.1', port: 9896 } });
  await inside.join([placeOf(a)]);
  await outside.join([placeOf(a)]);
  await until(t, 'vetoed', () => a.stats().protocol.vetoed > 0);
  t.same([stateOf(a, 'inside'), stateOf(a, 'outside')], ['alive', undefined]);
  await t.rejects(member(t, 'b', { allowedNetworks: ['10.0.0.0/8'] }), {
    code: 'INVALID_OPTION',
    message: /advertise.host: 127.11.2.\d+ is in no allowed network/,
  });
  for (const bad of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'host/8', '/8']) {
    await t.rejects(member(t, 'c', { allowedNetworks: [bad] }), {
      code: 'INVALID_OPTION',
      message: `allowedNetworks holds '${bad}', expected a network like 10.0.0.0/8 or fd00::/8`,
    });
  }
});

test('a change of tags can be waited for', async (t) => {
  const a = await member(t, 'a');
  t.equal(await a.tagsTold(), true, 'nothing to tell');
  a.setTags({ n: '1' });
  t.equal(await a.tagsTold(), true, 'nobody to tell');
  const b = await member(t, 'b');
  await b.join([placeOf(a)]);
  await until(t, 'a knows b', () => stateOf(a, 'b') === 'alive');
  a.setTags({ n: '2' });
  t.equal(await a.tagsTold(), true);
  t.same(b.members().find(({ name }) => name === 'a')?.tags, { n: '2' });
  await b.stop();
  a.setTags({ n: '3' });
  t.equal(await a.tagsTold({ timeoutMs: 5 }), false, 'sends to a node in doubt may go on for long');
});

test('pings measure round trips, and their answers carry what the application adds', async (t) => {
  const { logger, lines } = keepingLogger();
  const a = await member(t, 'a', { ackPayload: () => Buffer.from('of a') });
  const b = await member(t, 'b', { logger, ackPayload: () => new Uint8Array(513) });
  const trips = new Map<string, RoundTrip>();
  for (const x of [a, b]) x.on('roundTrip', (trip) => trips.set(x.self.name, trip));
  await b.join([placeOf(a)]);
  await until(t, 'both have pinged', () => trips.size === 2);
  t.match(trips.get('b'), { member: { name: 'a' }, payload: Buffer.from('of a') });
  t.match(trips.get('a'), { member: { name: 'b' }, payload: null }, 'what is too large is left out');
  for (const { milliseconds } of trips.values()) t.ok(milliseconds > 0);
  const complaint = lines.find(({ level }) => level === 'error')?.fields;
  t.match(complaint, { kind: 'ackPayload failed', err: { message: '513 bytes, expected at most 512' } });
});
