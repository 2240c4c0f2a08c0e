import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import type { ExchangeResult } from '../host.js';
import { encodeCompound } from '../wire/compound.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { PacketMessage, Ping } from '../wire/message-types.js';
import { WireState } from '../wire/stream-types.js';

/* What pings, probes and exchanges are answered with, and which answers count. */

const from = { host: '10.0.0.50', port: 7946 };
const noSource = { sourceAddr: null, sourcePort: 0, sourceNode: '' };

const ping = (seqNo: number): Ping => ({ ...noSource, type: 'ping', seqNo, node: 'self' });

const hear = (host: RecordingHost, ...messages: readonly PacketMessage[]): void =>
  host.core.handlePacket(encodeCompound(messages.map(encodeMessage)), from);

/** A started core by memberlist's judgment that knows nodes at 10.0.0.2 and up, with the greatest version as given. */
function knowing(nodes: Readonly<Record<string, number>>): RecordingHost {
  const host = new RecordingHost({ judgment: 'memberlist' });
  for (const [i, [node, pMax]] of Object.entries(nodes).entries()) {
    const vsn = Uint8Array.of(1, pMax, 2, 2, 5, 5);
    const addr = Uint8Array.of(10, 0, 0, i + 2);
    hear(host, { type: 'alive', node, incarnation: 1, addr, port: 7946, meta: null, vsn });
  }
  for (let round = 0; host.core.queued > 0 && round < 50; round++) host.fire('gossip', host.time + 200);
  host.time = 0;
  host.sent.length = 0;
  host.core.start();
  return host;
}

/** Begins the next probe and returns its ping. */
function probe(host: RecordingHost, time: number): Ping {
  host.fire('probe', time);
  const sent = host.messages('ping').at(-1);
  if (!sent) throw new Error('no ping was sent');
  return sent;
}

test('three pings in one datagram get three acks', async (t) => {
  const host = new RecordingHost();
  hear(host, ping(7), ping(8), ping(9));
  t.same(
    host.messages('ack').map(({ seqNo }) => seqNo),
    [7, 8, 9],
  );
});

test('an ack takes a waiting update along', async (t) => {
  const host = new RecordingHost();
  const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);
  const addr = Uint8Array.of(10, 0, 0, 7);
  hear(host, { type: 'alive', node: 'a', incarnation: 3, addr, port: 7946, meta: null, vsn });
  hear(host, ping(7));
  t.match(
    host.sent.map(({ messages }) => messages),
    [
      [
        { type: 'ack', seqNo: 7 },
        { type: 'alive', node: 'a', incarnation: 3 },
      ],
    ],
  );
});

test('a checksum goes to nodes that understand version 5 only', async (t) => {
  for (const [pMax, crc] of [
    [4, false],
    [5, true],
  ] as const) {
    const host = knowing({ a: pMax });
    host.core.broadcast(Uint8Array.of(1));
    host.fire('gossip', 1000);
    t.same([...new Set(host.sent.map((packet) => packet.crc))], [crc], `gossip to ${pMax}`);
    host.sent.length = 0;
    probe(host, 2000);
    t.equal(host.sent[0]?.crc, crc, `a ping to ${pMax}`);
  }
  const host = new RecordingHost();
  hear(host, ping(7));
  t.same(
    host.sent.map((packet) => packet.crc),
    [false],
    'an answer to somebody unknown has none',
  );
});

test('the first probe has number 1, and its ack ends it', async (t) => {
  const host = knowing({ a: 5 });
  const { seqNo, node } = probe(host, 1000);
  t.same([seqNo, node], [1, 'a']);
  hear(host, { type: 'ack', seqNo, payload: null });
  for (const time of [1500, 2000]) host.fire('probe-stage', time);
  t.equal(host.core.member('a')?.status, 'alive');
  t.match(host.core.counters, { probes: 1, probesFailed: 0, indirectProbes: 0 });
});

test('numbers of pings count up', async (t) => {
  const host = knowing({ a: 5, b: 5 });
  const numbers: number[] = [];
  for (let time = 1000; time < 10_000; time += 1000) {
    const { seqNo } = probe(host, time);
    numbers.push(seqNo);
    hear(host, { type: 'ack', seqNo, payload: null });
  }
  t.same(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

/** A probe of `a`, which was silent until its helpers were asked; and the numbers of their pings. */
function askedHelpers(host: RecordingHost): { seqNo: number; helpers: number[] } {
  let time = 1000;
  let sent = probe(host, time);
  while (sent.node !== 'a') {
    hear(host, { type: 'ack', seqNo: sent.seqNo, payload: null });
    time += 1000;
    sent = probe(host, time);
  }
  host.fire('probe-stage', time + 500);
  return { seqNo: sent.seqNo, helpers: host.messages('indirect').map(({ seqNo }) => seqNo) };
}

test('an ack counts once, also after a nack', async (t) => {
  const host = knowing({ a: 5, b: 5, c: 5, d: 5 });
  const { helpers } = askedHelpers(host);
  for (const seqNo of [...helpers, ...helpers]) hear(host, { type: 'nack', seqNo });
  hear(host, { type: 'suspect', node: 'self', incarnation: 1, from: 'b' });
  hear(host, { type: 'suspect', node: 'self', incarnation: 2, from: 'b' });
  t.equal(host.core.healthScore, 2);
  const ack = { type: 'ack', seqNo: helpers[0] ?? 0, payload: null } as const;
  hear(host, ack);
  t.equal(host.core.healthScore, 1, 'the probe went well');
  hear(host, ack, ack);
  t.equal(host.core.healthScore, 1, 'once');
  host.fire('probe-stage', host.time + 10_000);
  t.equal(host.core.member('a')?.status, 'alive');
  t.equal(host.core.counters.probesFailed, 0);
});

test('only the right ack over TCP is one', async (t) => {
  const noise = { type: 'user', body: Uint8Array.of(1) } as const;
  const outcomes: readonly (readonly [string, (seqNo: number) => ExchangeResult, boolean])[] = [
    ['the ack', (seqNo) => ({ ok: true, reply: { type: 'ack', seqNo, payload: null } }), true],
    [
      'another number',
      (seqNo) => ({ ok: true, reply: { type: 'ack', seqNo: seqNo + 1, payload: null } }),
      false,
    ],
    ['another type', () => ({ ok: true, reply: noise }), false],
    ['an error', () => ({ ok: true, reply: { type: 'error', error: 'no' } }), false],
    ['garbage', () => ({ ok: false, error: 'no message', malformed: true }), false],
    ['nobody listens', () => ({ ok: false, error: 'refused', refused: true }), false],
    ['closed', () => ({ ok: false, error: 'closed without an answer' }), false],
  ];
  for (const [what, resultOf, alive] of outcomes) {
    const host = knowing({ a: 5, b: 5, c: 5, d: 5 });
    const { seqNo } = askedHelpers(host);
    const [asked] = host.exchanges;
    t.same(asked?.exchange, { kind: 'ping', seqNo }, what);
    if (asked) host.core.handleReply(asked.exchange, resultOf(seqNo));
    host.fire('probe-stage', host.time + 500);
    t.equal(host.core.member('a')?.status, alive ? 'alive' : 'suspect', what);
    t.equal(host.core.counters.tcpProbes, alive ? 1 : 0);
    t.same(host.warnings(), [], 'a single success over TCP alone is not worth a warning');
  }
});

test('a probe through helpers that cannot nack fails at its end, and adds 1', async (t) => {
  const host = knowing({ a: 5, b: 3, c: 3, d: 3 });
  const { helpers } = askedHelpers(host);
  t.equal(helpers.length, 3);
  const { time } = host;
  host.fire('probe-stage', time + 499);
  t.equal(host.core.member('a')?.status, 'alive');
  host.fire('probe-stage', time + 500);
  t.equal(host.core.member('a')?.status, 'suspect');
  t.equal(host.core.healthScore, 1, 'not one for each helper');
});

test('a suspect that is pinged acks, and refutes once', async (t) => {
  const host = knowing({ a: 5 });
  hear(host, ping(4), { type: 'suspect', node: 'self', incarnation: 1, from: 'a' });
  t.match(host.messages('ack'), [{ seqNo: 4 }]);
  t.equal(host.core.queued, 1);
  hear(host, ping(5), { type: 'suspect', node: 'self', incarnation: 1, from: 'a' });
  t.equal(host.core.self.incarnation, 2, 'the second time it is answered already');
  t.match(host.messages('alive').at(-1), { node: 'self', incarnation: 2 });
});

test('a push-pull gives each node with its incarnation and what is believed of it', async (t) => {
  const host = knowing({ a: 5, b: 5, c: 5, d: 5 });
  hear(
    host,
    { type: 'suspect', node: 'a', incarnation: 4, from: 'x' },
    { type: 'dead', node: 'b', incarnation: 5, from: 'x' },
    { type: 'dead', node: 'c', incarnation: 6, from: 'c' },
    { type: 'suspect', node: 'self', incarnation: 7, from: 'x' },
  );
  const answer = host.core.handleRequest({
    type: 'pushPull',
    join: false,
    nodes: [],
    userState: new Uint8Array(0),
  });
  if (answer?.type !== 'pushPull') throw new Error('no push-pull');
  t.same(answer.nodes.map(({ name, incarnation, state }) => [name, incarnation, state]).sort(), [
    ['a', 4, WireState.suspect],
    ['b', 5, WireState.dead],
    ['c', 6, WireState.left],
    ['d', 1, WireState.alive],
    ['self', 8, WireState.alive],
  ]);
});
