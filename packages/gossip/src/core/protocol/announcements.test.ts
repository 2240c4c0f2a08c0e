import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import { encodeJoinIntent, encodeLeaveIntent, readSerfNews, SerfType } from '../serf/intents.js';
import { RecentMessages } from '../serf/recent-messages.js';
import { type Departure, encodeSerfState, readSerfState } from '../serf/state.js';
import { encodeMessage } from '../wire/message-encoder.js';
import { MsgpackWriter } from '../wire/msgpack-writer.js';
import { encodeStream } from '../wire/stream-encoder.js';
import type { PushPull } from '../wire/stream-types.js';

const from = { host: '10.0.0.9', port: 7946 };
const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);

/** A host that knows the nodes `a` and `b`. */
function given(): RecordingHost {
  const host = new RecordingHost();
  for (const node of ['a', 'b']) {
    const addr = Uint8Array.of(10, 0, 0, node.charCodeAt(0));
    hear(host, encodeMessage({ type: 'alive', node, incarnation: 1, addr, port: 7946, meta: null, vsn }));
  }
  return host;
}

const hear = (host: RecordingHost, packet: Uint8Array): void => host.core.handlePacket(packet, from);

const hearUser = (host: RecordingHost, body: Uint8Array): void =>
  hear(host, encodeMessage({ type: 'user', body }));

const lose = (host: RecordingHost, node: string, by: string): void =>
  hear(host, encodeMessage({ type: 'dead', incarnation: 1, node, from: by }));

/** Intents among what was gossiped, each once, as `kind node ltime`. */
function gossiped(host: RecordingHost): string[] {
  for (let round = 1; round <= 20; round++) host.fire('gossip', host.time + 200);
  const news = host.messages('user').flatMap(({ body }) => readSerfNews(body).intents);
  return [...new Set(news.map(({ kind, node, ltime }) => `${kind} ${node} ${ltime}`))];
}

/** Has the host answer a push-pull with this state of Serf; returns the state in the answer. */
function exchange(host: RecordingHost, userState: Uint8Array): Uint8Array {
  const message: PushPull = { type: 'pushPull', join: false, nodes: [], userState };
  host.exchanges.length = 0;
  host.core.handleStream(encodeStream(message, true));
  host.core.join(from);
  const request = host.exchanges[0]?.request;
  return request?.type === 'pushPull' ? request.userState : new Uint8Array(0);
}

const statusOf = (host: RecordingHost, name: string): string | undefined =>
  host.core.members().find((node) => node.name === name)?.status;

test('the announcement of a leave is passed on when it is news', async (t) => {
  const host = given();
  hearUser(host, encodeLeaveIntent('a', 5));
  t.same(gossiped(host), ['leave a 5']);
  const sent = host.messages('user').length;
  hearUser(host, encodeLeaveIntent('a', 5));
  hearUser(host, encodeLeaveIntent('a', 4));
  hearUser(host, encodeLeaveIntent('stranger', 5));
  gossiped(host);
  t.equal(host.messages('user').length, sent, 'neither repetitions nor what is about strangers');
});

test('user events and queries are passed on when they are seen first', async (t) => {
  const call = (type: number, name: string, flags: number): Uint8Array => {
    const writer = new MsgpackWriter().byte(type).map(3).text('Flags').uint(flags);
    return writer.text('LTime').uint(3).text('Name').text(name).finish();
  };
  const host = given();
  const bodies = [call(SerfType.event, 'deploy', 0), call(SerfType.query, 'uptime', 1)];
  for (const body of [...bodies, ...bodies]) hearUser(host, body);
  const unique = (): number =>
    new Set(host.messages('user').map(({ body }) => Buffer.from(body).toString('hex'))).size;
  gossiped(host);
  t.equal(unique(), 2);
  const sent = host.messages('user').length;
  for (const body of bodies) hearUser(host, body);
  hearUser(host, call(SerfType.query, 'for one node only', 2));
  hearUser(host, Uint8Array.of(SerfType.event, 1, 2, 3));
  gossiped(host);
  t.equal(host.messages('user').length, sent, 'not again, and nothing that is not for all');
});

test('messages are remembered for a minute, and more than can be remembered are none of them the first', async (t) => {
  const recent = new RecentMessages();
  const body = (i: number): Uint8Array => Buffer.from(`message ${i}`);
  let first = 0;
  for (let i = 0; i < 5000; i++) if (recent.first(body(i), i)) first++;
  t.equal(first, 4096);
  t.notOk(recent.first(body(0), 59_000));
  t.ok(recent.first(body(0), 60_000), 'its minute is over');
  t.ok(recent.first(body(4999), 60_001), 'and there is room again');
});

test("user events and queries have clocks of their own, which are not the members'", async (t) => {
  const host = given();
  const event = new MsgpackWriter()
    .byte(SerfType.event)
    .map(2)
    .text('LTime')
    .uint(900)
    .text('Name')
    .text('deploy');
  hearUser(host, event.finish());
  hearUser(host, encodeJoinIntent('a', 8));
  t.equal(readSerfState(exchange(host, new Uint8Array(0))).ltime, 8);
});

test('who left on purpose is listed to nodes that did not hear the announcement', async (t) => {
  const host = given();
  hearUser(host, encodeLeaveIntent('a', 5));
  lose(host, 'a', 'a');
  lose(host, 'b', 'b');
  const { intents } = readSerfState(exchange(host, new Uint8Array(0)));
  t.same(intents, [{ kind: 'leave', node: 'a', ltime: 5 }], 'b announced nothing');
});

test('an exchange tells that a node thought dead has left on purpose', async (t) => {
  const host = given();
  lose(host, 'a', 'x');
  const departures: Departure[] = ['a', 'b', 'stranger'].map((node) => ({ node, ltime: 7 }));
  exchange(host, encodeSerfState(9, departures));
  t.equal(statusOf(host, 'a'), 'left');
  lose(host, 'b', 'x');
  t.equal(statusOf(host, 'b'), 'dead', 'what is said of an active node may be outdated, and is ignored');
});

test('a node that has come back says so when it hears of its leave in an earlier life', async (t) => {
  const host = given();
  exchange(host, encodeSerfState(9, [{ node: 'self', ltime: 7 }]));
  t.same(gossiped(host), ['join self 10'], 'from a list of those who left');
  // Serf that shows a node as leaving lists no more of it than the time.
  const writer = new MsgpackWriter().byte(SerfType.pushPull).map(1).text('StatusLTimes').map(2);
  exchange(host, writer.text('a').uint(70).text('self').uint(80).finish());
  t.same(gossiped(host), ['join self 10', 'join self 81'], 'from a status time that is not its own');
  exchange(host, writer.finish());
  t.same(gossiped(host).length, 2, 'its own time needs no answer');
  const told = readSerfState(exchange(host, new Uint8Array(0))).intents;
  t.same(told, [{ kind: 'join', node: 'self', ltime: 81 }], 'who missed that hears it at an exchange');
});

test('a node that is said to be leaving contradicts, unless it is', async (t) => {
  const host = given();
  hearUser(host, encodeLeaveIntent('self', 5));
  hearUser(host, encodeLeaveIntent('self', 5));
  t.same(gossiped(host), ['join self 6'], 'once');
  hearUser(host, encodeLeaveIntent('self', 6));
  t.same(gossiped(host), ['join self 6'], 'what is older than that is answered already');
  host.core.leave();
  hearUser(host, encodeLeaveIntent('self', 8));
  t.notOk(gossiped(host).includes('join self 9'));
});

test('the states and intents of Serf are read as they were written, and garbage says nothing', async (t) => {
  const departures = Array.from({ length: 40 }, (_, i) => ({ node: `node-${i}`, ltime: i + 1 }));
  const state = encodeSerfState(300, departures);
  const { ltime, intents } = readSerfState(state);
  t.equal(ltime, 300);
  t.same(
    intents,
    departures.map((departure) => ({ kind: 'leave', ...departure })),
  );
  t.same(readSerfNews(encodeJoinIntent('a', 8)), {
    intents: [{ kind: 'join', node: 'a', ltime: 8 }],
    forAll: false,
  });
  const cut = Array.from({ length: Math.ceil(state.length / 7) }, (_, i) =>
    readSerfState(state.subarray(0, 7 * i)),
  );
  t.ok(cut.every((read) => read.ltime === 0 && read.intents.length === 0));
  t.same(readSerfNews(state), { intents: [], forAll: false }, 'a state is no message');
});

test('an announcement that would not fit a datagram is taken, but not passed on', async (t) => {
  const host = given();
  hearUser(host, Buffer.concat([encodeLeaveIntent('a', 5), Buffer.alloc(2000)]));
  lose(host, 'a', 'b');
  t.equal(statusOf(host, 'a'), 'left');
  t.same(gossiped(host), []);
});

test('a Lamport time that can not be honest is not taken over', async (t) => {
  const host = given();
  for (const ltime of [Number.MAX_SAFE_INTEGER, 2 ** 48 + 1]) hearUser(host, encodeLeaveIntent('a', ltime));
  exchange(host, encodeSerfState(Number.MAX_SAFE_INTEGER));
  t.equal(readSerfState(exchange(host, encodeSerfState(7))).ltime, 7);
  lose(host, 'a', 'b');
  t.equal(statusOf(host, 'a'), 'dead', 'nor believed otherwise');
});
