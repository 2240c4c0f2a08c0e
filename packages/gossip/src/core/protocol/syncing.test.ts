import { type Test, test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import { resultOf } from '../host.js';
import { encodeSerfState } from '../serf/state.js';
import { readStream } from '../wire/stream-decoder.js';
import { encodeStream } from '../wire/stream-encoder.js';
import { type NodeState, type PushPull, type StreamMessage, WireState } from '../wire/stream-types.js';
import { WireError } from '../wire/wire-error.js';

const NOTHING = new Uint8Array(0);
const SERF = Uint8Array.of(1, 5, 2, 2, 5, 5);

function node(name: string, fields: Partial<NodeState> = {}): NodeState {
  const addr = Uint8Array.of(10, 0, 1, name.charCodeAt(0));
  return { name, addr, port: 7946, meta: null, incarnation: 1, state: WireState.alive, vsn: SERF, ...fields };
}

const state = (nodes: NodeState[], join = false): PushPull => ({
  type: 'pushPull',
  join,
  nodes,
  userState: new Uint8Array(0),
});

function pushPullOf(t: Test, message: StreamMessage | WireError | undefined): PushPull {
  if (!message || message instanceof WireError || message.type !== 'pushPull')
    throw new Error('no push-pull');
  t.pass('a push-pull');
  return message;
}

const push = (host: RecordingHost, nodes: NodeState[]): Uint8Array | undefined =>
  host.core.handleStream(encodeStream(state(nodes), true));

const statusOf = (host: RecordingHost, name: string): string | undefined =>
  host.core.members().find((member) => member.name === name)?.status;

test('a push-pull is answered with what was known before it', async (t) => {
  const host = new RecordingHost();
  const many = Array.from({ length: 20 }, (_, i) => node(String.fromCharCode(97 + i)));
  t.same(
    pushPullOf(t, readStream(push(host, many) ?? NOTHING)).nodes.map((member) => member.name),
    ['self'],
  );
  const again = pushPullOf(t, host.core.handleRequest(state([], true)));
  t.equal(again.nodes.length, 21);
  t.equal(again.join, true, 'the reply echoes that it was a join');
});

test('each state is taken in as far as it can be trusted', async (t) => {
  const host = new RecordingHost();
  push(host, [node('a'), node('b'), node('c'), node('d')]);
  push(host, [
    node('b', { state: WireState.suspect }),
    node('c', { state: WireState.dead }),
    node('d', { state: WireState.left }),
    node('e', { state: WireState.dead }),
    node('f', { state: WireState.left }),
  ]);
  t.same(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => statusOf(host, name)),
    ['alive', 'suspect', 'suspect', 'left', undefined, undefined],
  );
});

test('a state with one incompatible node that lives is refused whole', async (t) => {
  const host = new RecordingHost();
  const stranger = node('x', { vsn: Uint8Array.of(1, 5, 2, 0, 0, 0) });
  t.ok(push(host, [node('a'), stranger]), 'the reply is sent all the same, as memberlist does');
  t.equal(statusOf(host, 'a'), undefined);
  t.same(host.warnings(), ['incompatible']);
  push(host, [node('a'), { ...stranger, state: WireState.dead }]);
  t.equal(statusOf(host, 'a'), 'alive', 'a dead one keeps nobody out');
});

test('a join that the other side answers with an error, nonsense or strangers has failed', async (t) => {
  const to = { host: '10.0.1.97', port: 7946 };
  const replies = [
    encodeStream({ type: 'error', error: 'no key' }, false),
    Uint8Array.of(6, 0xff),
    encodeStream({ type: 'user', body: Uint8Array.of(1) }, false),
    encodeStream(state([node('x', { vsn: null })]), true),
  ];
  for (const reply of replies) {
    const host = new RecordingHost();
    const id = host.core.join(to);
    const [asked] = host.exchanges;
    t.equal(pushPullOf(t, asked?.request).join, true);
    if (asked) host.core.handleReply(asked.exchange, resultOf(reply));
    const [outcome] = host.events.filter((event) => event.kind === 'synced');
    t.match(outcome, { id, to, error: /./ });
  }
});

test('a lost peer that was reached is synced with again, once both could refute', async (t) => {
  const host = new RecordingHost({ judgment: 'memberlist' });
  push(host, [node('a')]);
  host.core.start();
  push(host, [node('a', { state: WireState.dead })]);
  host.fire('suspicion', 4000);
  t.equal(statusOf(host, 'a'), 'dead');
  host.exchanges.length = 0;
  for (let time = 30_000; host.exchanges.length === 0 && time < 300_000; time += 30_000)
    host.fire('rejoin', time);
  const [asked] = host.exchanges;
  t.match(asked, { to: { host: '10.0.1.97', port: 7946 }, exchange: { reason: 'rejoin' } });
  if (asked) host.core.handleReply(asked.exchange, { ok: true, reply: state([node('b')]) });
  host.fire('resync', host.time + 1000);
  t.match(host.exchanges[1], { to: asked?.to ?? {}, exchange: { kind: 'push-pull', reason: 'sync' } });
});

test("Serf's clock is followed, and our leave is later than it", async (t) => {
  const host = new RecordingHost();
  const message = { ...state([node('a')]), userState: encodeSerfState(77) };
  host.core.handleStream(encodeStream(message, true));
  host.core.leave();
  t.match(host.messages('user')[0]?.body, { 0: 0 });
  const shown = Buffer.from(host.messages('user')[0]?.body ?? []).toString('latin1');
  t.match(shown, /LTimeN/, 'the time of the intent is 78');
  t.equal(host.messages('dead').length, 0, 'the intent has a head start');
  host.fire('farewell', 400);
  t.match(host.messages('dead')[0], { node: 'self', from: 'self' });
});

test('a push-pull of incompatible nodes is answered with the reason, and changes nothing on either side', async (t) => {
  const host = new RecordingHost();
  const answer = host.core.handleRequest(state([node('a', { vsn: Uint8Array.of(1, 5, 2, 0, 0, 0) })], true));
  t.match(answer, { type: 'error', error: /delegate protocol version/ });
  t.equal(host.core.members().length, 1);
  t.same(host.warnings(), ['incompatible']);
});

test('a ping over a stream is acked if it is for this node', async (t) => {
  const host = new RecordingHost();
  const ask = (name: string): Uint8Array | undefined => {
    const source = { sourceAddr: null, sourcePort: 0, sourceNode: '' };
    return host.core.handleStream(encodeStream({ type: 'ping', seqNo: 9, node: name, ...source }, false));
  };
  t.match(readStream(ask('self') ?? NOTHING), { type: 'ack', seqNo: 9 });
  t.equal(ask('other'), undefined);
});
