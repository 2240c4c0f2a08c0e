import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import { World } from '../../sim/world.js';
import type { Exchange, ExchangeResult } from '../host.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { IndirectPing, PacketMessage, Ping } from '../wire/message-types.js';

const from = { host: '10.0.0.50', port: 7946 };
const peer = (last: number): Uint8Array => Uint8Array.of(10, 0, 0, last);

/** A started core that knows `names`, which live at 10.0.0.2 and up, with pMax as given. */
function started(names: readonly string[], pMax = 5): RecordingHost {
  const host = new RecordingHost();
  for (const [i, node] of names.entries()) {
    const vsn = Uint8Array.of(1, pMax, 2, 2, 5, 5);
    tell(host, { type: 'alive', node, incarnation: 1, addr: peer(i + 2), port: 7946, meta: null, vsn });
  }
  host.core.start();
  return host;
}

const tell = (host: RecordingHost, message: PacketMessage): void =>
  host.core.handlePacket(encodeMessage(message), from);

const ping = (fields: Partial<Ping> = {}): Ping => ({
  type: 'ping',
  seqNo: 7,
  node: 'self',
  sourceAddr: null,
  sourcePort: 0,
  sourceNode: '',
  ...fields,
});

/** Hands over the timer of one row of probes only. */
function fireTrack(host: RecordingHost, track: 'random' | 'ring', time: number): void {
  host.time = time;
  const due = host.timers.filter(
    ({ timer, at }) => timer.kind === 'probe' && timer.track === track && at <= time,
  );
  for (const asked of due) {
    host.timers.splice(host.timers.indexOf(asked), 1);
    host.core.handleTimer(asked.timer);
  }
}

/** Begins a probe in random order and returns its ping. */
function probe(host: RecordingHost, time = 1000): Ping {
  fireTrack(host, 'random', time);
  const sent = host.messages('ping').at(-1);
  if (!sent) throw new Error('no ping was sent');
  return sent;
}

test('a ping is acked where its source fields say, else where it came from', async (t) => {
  const host = started([]);
  tell(host, ping());
  tell(host, ping({ seqNo: 8, sourceAddr: peer(77), sourcePort: 99, sourceNode: 'x' }));
  t.same(
    host.sent.map((packet) => packet.to),
    ['10.0.0.50:7946', '10.0.0.77:99'],
  );
  t.same(
    host.messages('ack').map((ack) => ack.seqNo),
    [7, 8],
  );
});

test('a ping says where its answer should go only if that is not where it comes from', async (t) => {
  const stated = started(['a']);
  t.match(probe(stated), { sourceNode: 'self', sourcePort: 7946 });
  t.same([...(probe(stated).sourceAddr ?? [])], [10, 0, 0, 1]);
  const world = new World({ seed: 1 });
  const [first, second] = world.cluster(2);
  const pings: Ping[] = [];
  if (second)
    second.core.handleMessages = (messages): void => {
      for (const message of messages) if (message.type === 'ping') pings.push(message);
    };
  world.run(3000);
  t.match(pings[0], { sourceNode: first?.name ?? '', sourceAddr: null, sourcePort: 0 });
});

test('a ping for the name that had this address before is not answered', async (t) => {
  const host = started([]);
  tell(host, ping({ node: 'predecessor' }));
  t.same(host.sent, []);
  tell(host, ping({ node: '' }));
  t.equal(host.messages('ack').length, 1, 'one for nobody in particular is');
});

test('an acked probe ends well', async (t) => {
  const host = started(['a']);
  tell(host, { type: 'ack', seqNo: probe(host).seqNo, payload: null });
  host.fire('probe-stage', 1500);
  host.fire('probe-stage', 2000);
  t.equal(host.core.counters.probesFailed, 0);
  t.equal(host.messages('indirect').length, 0);
});

test('a silent node is asked after through others and over TCP, then suspected', async (t) => {
  const host = started(['a', 'b', 'c', 'd', 'e']);
  const { seqNo, node } = probe(host);
  host.fire('probe-stage', 1500);
  const asked = host.messages('indirect');
  t.equal(asked.length, 3);
  t.ok(asked.every((request) => request.node === node && request.nack));
  t.equal(new Set(asked.map((request) => request.seqNo)).size, 3, 'so that each answer tells whose it is');
  t.same(
    host.exchanges.map((x) => x.exchange),
    [{ kind: 'ping', seqNo }],
  );
  host.fire('probe-stage', 2000);
  t.equal(host.core.members().find((member) => member.name === node)?.status, 'suspect');
});

test('nacks take the blame from this node, missing ones put it there', async (t) => {
  for (const [nacks, score] of [
    [3, 0],
    [2, 1],
    [0, 3],
  ] as const) {
    const host = started(['a', 'b', 'c', 'd', 'e']);
    probe(host);
    host.fire('probe-stage', 1500);
    for (const { seqNo } of host.messages('indirect').slice(0, nacks)) tell(host, { type: 'nack', seqNo });
    host.fire('probe-stage', 2000);
    t.equal(host.core.healthScore, score, `${nacks} of 3 nacks`);
  }
});

test('a node in doubt about itself waits longer', async (t) => {
  const host = started(['a']);
  tell(host, { type: 'suspect', node: 'self', incarnation: 1, from: 'a' });
  const { seqNo } = probe(host);
  t.match(host.timers.at(-2), { at: 2000, timer: { kind: 'probe-stage', stage: 'direct' } }, 'for the ack');
  host.fire('probe-stage', 2000);
  t.match(
    host.timers.at(-1),
    { at: 3000, timer: { kind: 'probe-stage', stage: 'end' } },
    'for the whole probe',
  );
  tell(host, { type: 'ack', seqNo, payload: null });
  t.equal(host.core.healthScore, 0, 'and trusts itself again after a success');
});

const ackOverTcp = (seqNo: number): ExchangeResult => ({
  ok: true,
  reply: { type: 'ack', seqNo, payload: null },
});

/** Begins a probe whose direct ping is lost, and gives its TCP ping. */
function probeOverTcp(host: RecordingHost, time = 1000): { seqNo: number; exchange: Exchange } {
  const { seqNo } = probe(host, time);
  // The shortest wait, and the longest: whichever it is, its timer isn't late.
  for (const waited of [200, 500]) host.fire('probe-stage', time + waited);
  const asked = host.exchanges.at(-1);
  if (!asked) throw new Error('no TCP ping');
  return { seqNo, exchange: asked.exchange };
}

test('an ack over TCP saves a node that UDP does not reach', async (t) => {
  const host = started(['a']);
  const { seqNo, exchange } = probeOverTcp(host);
  host.core.handleReply(exchange, ackOverTcp(seqNo + 1));
  t.equal(host.core.counters.tcpProbes, 0, 'the ack must be for this ping');
  host.core.handleReply(exchange, ackOverTcp(seqNo));
  host.fire('probe-stage', 2000);
  t.equal(host.core.counters.probesFailed, 0);
});

test('a node that answers over TCP alone is warned of, one whose packets are lost now and then is not', async (t) => {
  const host = started(['a']);
  const rescued = (time: number): void => {
    const { seqNo, exchange } = probeOverTcp(host, time);
    host.core.handleReply(exchange, ackOverTcp(seqNo));
  };
  rescued(1000);
  tell(host, { type: 'ack', seqNo: probe(host, 2000).seqNo, payload: null });
  rescued(3000);
  t.same(host.warnings(), [], 'a datagram was answered between the two');
  rescued(4000);
  t.same(host.warnings(), ['udp-blocked']);
});

test('old nodes are asked neither over TCP nor for nacks, and get no CRC', async (t) => {
  const host = started(['a', 'b'], 2);
  probe(host);
  host.fire('probe-stage', 1500);
  t.same(host.exchanges, []);
  t.same(
    host.messages('indirect').map((request) => request.nack),
    [false],
  );
});

test('a helper pings for another node, passes the ack on, and nacks at 80 % of the timeout', async (t) => {
  const host = started([]);
  const request: PacketMessage = {
    ...ping({ sourceAddr: peer(8), sourcePort: 7946, sourceNode: 'asker' }),
    type: 'indirect',
    seqNo: 300,
    node: 'silent',
    target: peer(9),
    port: 7946,
    nack: true,
  };
  tell(host, request);
  const [relayed] = host.messages('ping');
  t.match(host.sent[0], { to: '10.0.0.9:7946' });
  t.same(relayed?.node, 'silent');
  host.fire('relay-nack', 399);
  t.equal(host.messages('nack').length, 0);
  host.fire('relay-nack', 400);
  t.match(host.sent.at(-1), { to: '10.0.0.8:7946', messages: [{ type: 'nack', seqNo: 300 }] });
  tell(host, { type: 'ack', seqNo: relayed?.seqNo ?? 0, payload: null });
  t.match(host.sent.at(-1), { to: '10.0.0.8:7946', messages: [{ type: 'ack', seqNo: 300 }] });
});

test('a suspect is told of the suspicion with the ping itself', async (t) => {
  const host = started(['a']);
  tell(host, { type: 'suspect', node: 'a', incarnation: 1, from: 'b' });
  probe(host);
  t.match(host.sent.at(-1)?.messages, [{ type: 'ping' }, { type: 'suspect', node: 'a', from: 'self' }]);
});

test('a node that is taken for dead learns of it when it pings', async (t) => {
  const host = started(['a']);
  tell(host, { type: 'dead', node: 'a', incarnation: 5, from: 'b' });
  tell(host, ping({ sourceAddr: peer(2), sourcePort: 7946, sourceNode: 'a' }));
  t.match(host.messages('suspect'), [{ node: 'a', incarnation: 5 }]);
});

test('everybody is probed once in each round', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const host = started(names);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < names.length; i++) {
      probe(host, 1000 * (1 + round * names.length + i));
      tell(host, { type: 'ack', seqNo: host.messages('ping').at(-1)?.seqNo ?? 0, payload: null });
    }
    const probed = host.messages('ping').slice(-names.length);
    t.same(probed.map((message) => message.node).sort(), names);
  }
});

test('an idle core asks for no gossip timer', async (t) => {
  const host = started(['a', 'b']);
  for (let i = 1; i <= 20; i++) host.fire('gossip', i * 200);
  t.equal(host.core.queued, 0);
  t.notOk(host.timers.some((asked) => asked.timer.kind === 'gossip'));
});

test('what recurs does not start in step on nodes that start together', async (t) => {
  const first = (kind: string, seed: number): number => {
    const host = new RecordingHost({}, 0, seed);
    host.core.start();
    return host.timers.find((asked) => asked.timer.kind === kind)?.at ?? -1;
  };
  for (const [kind, interval] of [
    ['probe', 1000],
    ['sync', 30_000],
    ['rejoin', 30_000],
  ] as const) {
    const times = Array.from({ length: 40 }, (_, seed) => first(kind, seed));
    t.ok(
      times.every((at) => at >= 0 && at <= interval),
      kind,
    );
    t.ok(Math.max(...times) - Math.min(...times) > interval / 3, `${kind} is spread`);
  }
});

test('pings for others are bounded, answered ones as well, until their timers have run', async (t) => {
  const host = new RecordingHost();
  const indirect: IndirectPing = {
    type: 'indirect',
    seqNo: 1,
    node: 'b',
    target: peer(2),
    port: 7946,
    nack: true,
    sourceAddr: null,
    sourcePort: 0,
    sourceNode: '',
  };
  for (let i = 0; i < 3000; i++) {
    tell(host, indirect);
    tell(host, { type: 'ack', seqNo: host.messages('ping').at(-1)?.seqNo ?? 0, payload: null });
  }
  t.equal(host.timers.length, 2048, 'two timers for each of 1024 relays');
  host.fire('relay-end', 1000);
  tell(host, indirect);
  t.equal(host.messages('ping').length, 1025, 'then there is room again');
});

test('a name that would not fit a datagram is not pinged for others', async (t) => {
  const host = new RecordingHost();
  const node = 'x'.repeat(256);
  const source = { sourceAddr: null, sourcePort: 0, sourceNode: '' };
  tell(host, { type: 'indirect', seqNo: 1, node, target: peer(2), port: 7946, nack: true, ...source });
  t.same(host.sent, []);
});
