import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { Accusation, Alive } from '../wire/message-types.js';
import { type NodeState, type PushPull, WireState } from '../wire/stream-types.js';

/* What each claim changes, what is told of it to the application, and what is passed on to others. */

const from = { host: '10.0.0.9', port: 7946 };
const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);
const addrOf = (node: string): Uint8Array =>
  Uint8Array.of(10, 0, 0, node === 'self' ? 1 : node.charCodeAt(0));

function alive(node: string, incarnation: number, fields: Partial<Alive> = {}): Alive {
  return { type: 'alive', node, incarnation, addr: addrOf(node), port: 7946, meta: null, vsn, ...fields };
}

function accuse(type: Accusation['type'], node: string, incarnation: number, by = 'x'): Accusation {
  return { type, node, incarnation, from: by };
}

const hear = (host: RecordingHost, ...messages: readonly (Alive | Accusation)[]): void => {
  for (const message of messages) host.core.handlePacket(encodeMessage(message), from);
};

/** A host by memberlist's judgment, which sends nothing but gossip of its own accord. */
function given(...messages: readonly (Alive | Accusation)[]): RecordingHost {
  const host = new RecordingHost({ judgment: 'memberlist' });
  hear(host, ...messages);
  return host;
}

const statusOf = (host: RecordingHost, name: string): string | undefined => host.core.member(name)?.status;

/** Sends what waits for so long that all of it is told and nothing waits any more. */
function empty(host: RecordingHost): void {
  for (let round = 0; host.core.queued > 0 && round < 50; round++) host.fire('gossip', host.time + 200);
  host.sent.length = 0;
  host.events.length = 0;
}

const meta = Uint8Array.of(7);
const b = alive('b', 1);
const known = [alive('a', 5), b];
const suspected = [...known, accuse('suspect', 'a', 5)];
const dead = [...known, accuse('dead', 'a', 5)];

/** What was heard before, a claim, and then: what is told to the application, the status, and how many updates wait. */
type Row = readonly [
  what: string,
  before: readonly (Alive | Accusation)[],
  claim: Alive | Accusation,
  told: readonly string[],
  status: string | undefined,
  queued: 0 | 1,
];

const rows: readonly Row[] = [
  ['alive, unknown', [b], alive('a', 1), ['join a'], 'alive', 1],
  ['alive, again', known, alive('a', 5), [], 'alive', 0],
  ['alive, old', known, alive('a', 4, { meta }), [], 'alive', 0],
  ['alive, newer', known, alive('a', 6), [], 'alive', 1],
  ['alive, other meta', known, alive('a', 6, { meta }), ['update a'], 'alive', 1],
  ['alive, suspected as such', suspected, alive('a', 5), [], 'suspect', 0],
  ['alive, suspected before', suspected, alive('a', 6), ['alive a'], 'alive', 1],
  ['alive, dead as such', dead, alive('a', 5), [], 'dead', 0],
  ['alive, dead before', dead, alive('a', 6), ['join a'], 'alive', 1],
  ['suspect, unknown', [b], accuse('suspect', 'a', 1), [], undefined, 0],
  ['suspect', known, accuse('suspect', 'a', 5), ['suspect a'], 'suspect', 1],
  ['suspect, again', suspected, accuse('suspect', 'a', 5), [], 'suspect', 0],
  ['suspect, old', known, accuse('suspect', 'a', 4), [], 'alive', 0],
  ['suspect, dead', dead, accuse('suspect', 'a', 5), [], 'dead', 0],
  ['dead, unknown', [b], accuse('dead', 'a', 1), [], undefined, 0],
  ['dead', known, accuse('dead', 'a', 5), ['fail a'], 'dead', 1],
  ['dead, suspected', suspected, accuse('dead', 'a', 5), ['fail a'], 'dead', 1],
  ['dead, again', dead, accuse('dead', 'a', 5, 'y'), [], 'dead', 0],
  ['dead, old', known, accuse('dead', 'a', 4), [], 'alive', 0],
  ['dead, by itself', known, accuse('dead', 'a', 5, 'a'), ['leave a'], 'left', 1],
];

test('each claim changes what it should, is told once and passed on once', async (t) => {
  for (const [what, before, claim, told, status, queued] of rows) {
    const host = given(...before);
    empty(host);
    hear(host, claim);
    t.same(host.changes(), told, `${what}: told`);
    t.equal(statusOf(host, 'a'), status, `${what}: status`);
    t.equal(host.core.queued, queued, `${what}: passed on`);
    hear(host, claim);
    t.same(
      [host.changes(), host.core.queued],
      [told, queued],
      `${what}: and nothing more when it comes again`,
    );
  }
});

test('an accusation of this node is refuted once, and adds 1 to its score', async (t) => {
  for (const type of ['suspect', 'dead'] as const) {
    const host = given(alive('a', 1));
    empty(host);
    hear(host, accuse(type, 'self', 1));
    t.same([host.core.self.status, host.core.self.incarnation, host.core.healthScore], ['alive', 2, 1], type);
    t.equal(host.core.queued, 1, 'one refutation waits');
    hear(host, accuse(type, 'self', 1, 'y'));
    t.same(
      [host.core.self.incarnation, host.core.healthScore, host.core.queued],
      [2, 1, 1],
      'answered already',
    );
    t.same(host.changes(), [], 'and nobody else hears of it');
  }
});

test('a claim about this node that is not its own is outbid with its own tags', async (t) => {
  for (const [claim, incarnation] of [
    [alive('self', 1, { meta: new Uint8Array(0) }), 1],
    [alive('self', 0, { meta }), 1],
    [alive('self', 1, { meta }), 2],
    [alive('self', 1, { meta: new Uint8Array(0), vsn: Uint8Array.of(1, 5, 2, 2, 5, 4) }), 2],
    [alive('self', 9, { meta }), 10],
  ] as const) {
    const host = given(alive('a', 1));
    empty(host);
    hear(host, claim);
    t.equal(host.core.self.incarnation, incarnation, `${claim.incarnation} ${claim.meta}`);
    host.fire('gossip', host.time + 200);
    const said = host.messages('alive').filter(({ node }) => node === 'self');
    t.equal(said.length > 0, incarnation > 1);
    for (const { meta: told, incarnation: at } of said) t.same([told?.length ?? 0, at], [0, incarnation]);
  }
});

test('who has left may come back at another address, above the incarnation that it had', async (t) => {
  const elsewhere = { addr: Uint8Array.of(10, 0, 7, 7) };
  for (const by of ['a', 'x']) {
    const host = given(alive('a', 5), accuse('dead', 'a', 5, by));
    const gone = statusOf(host, 'a');
    empty(host);
    hear(host, alive('a', 5));
    t.same(host.sent, [], 'at the old address it is old news');
    hear(host, alive('a', 1, elsewhere));
    t.equal(statusOf(host, 'a'), gone, 'elsewhere it may be old news, too');
    t.match(host.sent, [{ to: '10.0.7.7:7946', messages: [{ type: 'suspect', node: 'a', incarnation: 5 }] }]);
    hear(host, alive('a', 6, elsewhere));
    t.equal(statusOf(host, 'a'), 'alive', 'a node that is back answers with more');
    t.equal(host.core.member('a')?.address.host, '10.0.7.7');
    t.same(host.warnings(), [], 'without a conflict');
  }
});

/** A suspicion among five nodes by memberlist's judgment: 4 s if confirmed twice, else up to 24 s. */
function accused(): RecordingHost {
  return given(...['a', 'b', 'c', 'd'].map((name) => alive(name, 1)), accuse('suspect', 'a', 1, 'b'));
}

const runOut = (host: RecordingHost, time: number): void => host.fire('suspicion', time);

test('a confirmation that comes when the least time is over brings the verdict at once', async (t) => {
  const host = accused();
  runOut(host, 6000);
  hear(host, accuse('suspect', 'a', 1, 'c'));
  runOut(host, 6000);
  t.equal(statusOf(host, 'a'), 'suspect', 'confirmed once it takes 11 s');
  hear(host, accuse('suspect', 'a', 1, 'd'));
  runOut(host, 6000);
  t.equal(statusOf(host, 'a'), 'dead');
});

test('a suspicion that is over does not begin anew, nor end twice', async (t) => {
  const host = accused();
  empty(host);
  runOut(host, 24_000);
  t.equal(statusOf(host, 'a'), 'dead');
  t.equal(host.core.queued, 1, 'one verdict is passed on');
  hear(host, accuse('suspect', 'a', 1, 'c'), accuse('suspect', 'a', 1, 'd'));
  for (const time of [24_000, 28_000, 60_000]) runOut(host, time);
  t.same(host.changes(), ['fail a']);
  t.equal(host.core.queued, 1);
  t.equal(host.core.counters.failuresDeclared, 1);
});

/** Names of the nodes that this node works with once its prober has had a turn, in which the gone are reaped. */
function keptAt(host: RecordingHost, time: number): string[] {
  host.time = time;
  host.core.handleTimer({ kind: 'probe', track: 'random' });
  const names = ['a', 'b', 'c', 'd', 'self'];
  return names.filter((name) => host.core.find(name));
}

test('those that left are dropped after the same time as those that died, and no sooner', async (t) => {
  const host = given(alive('a', 1), alive('b', 1), alive('c', 1), alive('d', 1));
  host.core.start();
  host.time = 5000;
  hear(host, accuse('dead', 'a', 1), accuse('dead', 'b', 1, 'b'));
  host.time = 20_000;
  hear(host, accuse('dead', 'c', 1, 'c'));
  t.same(keptAt(host, 35_000), ['a', 'b', 'c', 'd', 'self'], 'after 30 s exactly');
  t.same(keptAt(host, 36_001), ['c', 'd', 'self']);
  t.same(keptAt(host, 50_100), ['d', 'self']);
  t.same([statusOf(host, 'a'), statusOf(host, 'b')], ['dead', 'left'], 'people are shown them all the same');
});

test('gossip goes to the dead for a while, and never to those that left', async (t) => {
  const host = given(alive('a', 1), alive('b', 1), alive('c', 1));
  hear(host, accuse('dead', 'a', 1), accuse('dead', 'b', 1, 'b'));
  const receivers = (time: number): string[] => {
    host.time = time;
    host.sent.length = 0;
    for (let round = 0; round < 40; round++) {
      host.core.broadcast(Uint8Array.of(1));
      host.fire('gossip', host.time + 200);
    }
    return [...new Set(host.sent.map(({ to }) => to))].sort();
  };
  t.same(receivers(10_000), ['10.0.0.97:7946', '10.0.0.99:7946']);
  t.same(receivers(30_001), ['10.0.0.99:7946'], 'after 30 s no more');
});

const stateOf = (name: string, fields: Partial<NodeState> = {}): NodeState => ({
  name,
  addr: addrOf(name),
  port: 7946,
  meta: null,
  incarnation: 1,
  state: WireState.alive,
  vsn,
  ...fields,
});

test('an exchange tells of what is new here, and of nothing else', async (t) => {
  const host = given(alive('a', 1), alive('b', 1), alive('c', 1));
  empty(host);
  const nodes = [
    stateOf('a'),
    stateOf('b', { state: WireState.dead }),
    stateOf('c', { incarnation: 2 }),
    stateOf('d'),
    stateOf('e', { state: WireState.dead }),
    stateOf('self'),
  ];
  const state: PushPull = { type: 'pushPull', join: false, nodes, userState: new Uint8Array(0) };
  host.core.handleRequest(state);
  t.same(host.changes(), ['suspect b', 'join d']);
  t.equal(host.core.counters.syncs, 0, 'exchanges begun by others are theirs to count');
  host.core.join(from);
  const [asked] = host.exchanges;
  if (asked) host.core.handleReply(asked.exchange, { ok: true, reply: state });
  t.same(host.changes(), ['suspect b', 'join d'], 'the same again is no news');
  host.core.join(from);
  const failed = host.exchanges.at(-1);
  if (failed) host.core.handleReply(failed.exchange, { ok: false, error: 'no answer' });
  t.match(host.core.counters, { syncs: 2, syncsFailed: 1 });
});

test('a node that has left tells nothing new of itself', async (t) => {
  const host = given(alive('a', 1));
  host.core.leave();
  host.fire('farewell', host.time + 1000);
  t.equal(host.core.self.status, 'left');
  host.core.setMeta(meta);
  for (let round = 0; round < 20; round++) host.fire('gossip', host.time + 200);
  t.same([host.core.self.incarnation, host.core.self.meta?.length], [1, 0]);
  t.notOk(
    host.messages('alive').some(({ node }) => node === 'self'),
    'or others would take it for back',
  );
});

test('a node whose incarnation was driven to the end can be started again', async (t) => {
  for (const before of [0xffff_fffe, 0xffff_ffff]) {
    const host = new RecordingHost({}, before);
    t.equal(host.core.self.incarnation, 0xffff_ffff);
  }
  for (const before of [-1, 0x1_0000_0000, Number.NaN]) {
    t.throws(() => new RecordingHost({}, before), { name: 'RangeError', message: `incarnation ${before}` });
  }
});

test('who accuses this node of what it has refuted already is told so directly', async (t) => {
  for (const type of ['suspect', 'dead'] as const) {
    const host = given(alive('a', 1), alive('b', 1), accuse('suspect', 'self', 4));
    empty(host);
    hear(host, accuse(type, 'self', 4, 'a'));
    t.match(host.sent, [
      { to: '10.0.0.97:7946', messages: [{ type: 'alive', node: 'self', incarnation: 5 }] },
    ]);
    t.same([host.core.self.incarnation, host.core.healthScore], [5, 1], 'the refutation stays what it was');
    hear(host, accuse(type, 'self', 4, 'stranger'), accuse(type, 'self', 4, 'self'));
    t.equal(host.sent.length, 1, 'unless nobody knows who that is');
    host.core.leave();
    host.fire('farewell', host.time + 1000);
    host.sent.length = 0;
    hear(host, accuse(type, 'self', 4, 'a'));
    t.same(host.sent, [], 'nor does one that has left contradict');
  }
});

test('a node whose name is claimed elsewhere is probed at once, if the claim is newer', async (t) => {
  const elsewhere = { addr: Uint8Array.of(10, 0, 7, 7) };
  for (const [incarnation, judgment, probed] of [
    [5, 'evidence', []],
    [6, 'evidence', ['10.0.0.97:7946']],
    [6, 'memberlist', []],
  ] as const) {
    const host = new RecordingHost({ judgment });
    hear(host, alive('a', 5), alive('b', 1));
    empty(host);
    hear(host, alive('a', incarnation, elsewhere), alive('a', incarnation, elsewhere));
    const pings = host.sent.filter(({ messages }) => messages.some(({ type }) => type === 'ping'));
    t.same(
      pings.map(({ to }) => to),
      probed,
      `${incarnation}, ${judgment}`,
    );
    t.equal(host.core.member('a')?.address.host, '10.0.0.97');
    t.equal(statusOf(host, 'a'), 'alive');
  }
});
