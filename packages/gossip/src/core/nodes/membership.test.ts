import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import type { Judgment } from '../config.js';
import { encodeLeaveIntent } from '../serf/intents.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { Accusation, Alive } from '../wire/message-types.js';

const from = { host: '10.0.0.9', port: 7946 };
const VSN = Uint8Array.of(1, 5, 2, 2, 5, 5);

function alive(node: string, incarnation: number, fields: Partial<Alive> = {}): Uint8Array {
  const last = node === 'self' ? 1 : node.charCodeAt(0);
  const addr = Uint8Array.of(10, 0, 0, last);
  return encodeMessage({
    type: 'alive',
    node,
    incarnation,
    addr,
    port: 7946,
    meta: null,
    vsn: VSN,
    ...fields,
  });
}

function accuse(type: Accusation['type'], node: string, incarnation: number, by = 'x'): Uint8Array {
  return encodeMessage({ type, node, incarnation, from: by });
}

/** A host whose core was given these packets. */
function given(...packets: readonly Uint8Array[]): RecordingHost {
  return givenBy('evidence', ...packets);
}

function givenBy(judgment: Judgment, ...packets: readonly Uint8Array[]): RecordingHost {
  const host = new RecordingHost({ judgment });
  for (const packet of packets) host.core.handlePacket(packet, from);
  return host;
}

const statusOf = (host: RecordingHost, name: string): string | undefined =>
  host.core.members().find((node) => node.name === name)?.status;

test('an unknown node that is alive joins, once', async (t) => {
  const host = given(alive('a', 1), alive('a', 1));
  t.same(host.changes(), ['join a']);
});

test('an accusation of an unknown node is ignored', async (t) => {
  const host = given(accuse('suspect', 'a', 1), accuse('dead', 'a', 1));
  t.same(host.core.members().length, 1);
});

test('a suspect is cleared by a higher incarnation only', async (t) => {
  const host = given(alive('a', 3), accuse('suspect', 'a', 3), alive('a', 3));
  t.equal(statusOf(host, 'a'), 'suspect', 'the same incarnation is what was accused');
  host.core.handlePacket(alive('a', 4), from);
  t.equal(statusOf(host, 'a'), 'alive');
  t.same(host.changes(), ['join a', 'suspect a', 'alive a']);
});

test('an accusation of an older incarnation is ignored', async (t) => {
  const host = given(alive('a', 3), accuse('suspect', 'a', 2), accuse('dead', 'a', 2));
  t.equal(statusOf(host, 'a'), 'alive');
});

test('a node that says itself that it is dead has left', async (t) => {
  const host = given(alive('a', 1), accuse('dead', 'a', 1, 'a'));
  t.equal(statusOf(host, 'a'), 'left');
  t.same(host.changes(), ['join a', 'leave a']);
});

test('a leave heard late corrects a failure', async (t) => {
  const host = given(alive('a', 1), accuse('dead', 'a', 1), accuse('dead', 'a', 1, 'a'));
  t.equal(statusOf(host, 'a'), 'left');
});

test('a node that announced its leave has left when it dies, and only then', async (t) => {
  const intent = (type: 'leave' | 'join', ltime: number): Uint8Array => {
    const body = encodeLeaveIntent('a', ltime);
    body[0] = type === 'leave' ? 0 : 1;
    return encodeMessage({ type: 'user', body });
  };
  const host = given(alive('a', 1), intent('leave', 3), accuse('suspect', 'a', 1));
  t.equal(statusOf(host, 'a'), 'suspect');
  host.core.handlePacket(accuse('dead', 'a', 1), from);
  t.equal(statusOf(host, 'a'), 'left');
  t.equal(
    statusOf(given(alive('a', 1), accuse('dead', 'a', 1), intent('leave', 3)), 'a'),
    'left',
    'heard late',
  );
  const returned = given(
    alive('a', 1),
    intent('leave', 3),
    intent('join', 4),
    intent('leave', 3),
    accuse('dead', 'a', 1),
  );
  t.equal(statusOf(returned, 'a'), 'dead', 'a repetition of an old intent means nothing');
  const again = given(
    alive('a', 1),
    intent('leave', 3),
    accuse('dead', 'a', 1),
    alive('a', 2),
    accuse('dead', 'a', 2),
  );
  t.equal(statusOf(again, 'a'), 'dead', 'after its return the announcement is spent');
});

test('the highest incarnation counts even where it changed nothing', async (t) => {
  const host = given(alive('a', 1), accuse('dead', 'a', 1), accuse('dead', 'a', 10), alive('a', 2));
  t.equal(statusOf(host, 'a'), 'dead', 'memberlist would take it back here');
  host.core.handlePacket(alive('a', 11), from);
  t.equal(statusOf(host, 'a'), 'alive');
});

test('new meta is an update, for a suspect too', async (t) => {
  const meta = Uint8Array.of(1);
  const host = given(alive('a', 1), alive('a', 2, { meta }), accuse('suspect', 'a', 2), alive('a', 3));
  t.same(host.changes(), ['join a', 'update a', 'suspect a', 'alive a', 'update a']);
});

test('a name that is alive cannot move; one that is gone can', async (t) => {
  const moved = { addr: Uint8Array.of(10, 0, 7, 7) };
  const host = given(alive('a', 1), alive('a', 5, moved));
  t.same(host.warnings(), ['conflict']);
  host.core.handlePacket(accuse('dead', 'a', 1), from);
  host.core.handlePacket(alive('a', 1, moved), from);
  t.equal(statusOf(host, 'a'), 'dead', 'an old claim does not bring it back');
  host.core.handlePacket(alive('a', 2, moved), from);
  t.equal(host.core.members().find((node) => node.name === 'a')?.address.host, '10.0.7.7');
});

test('an IPv4 address sent in 16 bytes is the same place, and is passed on as it came', async (t) => {
  const mapped = Uint8Array.from([...Array(10).fill(0), 255, 255, 10, 0, 0, 97]);
  const host = given(alive('a', 1, { addr: mapped }), alive('a', 2));
  t.same(host.warnings(), [], 'no conflict, unlike in memberlist');
  const again = given(alive('a', 1, { addr: mapped }), alive('b', 1));
  again.fire('gossip', 1000);
  t.ok(again.messages('alive').some((message) => message.node === 'a' && message.addr?.length === 16));
});

test('versions that would keep others from joining are not let in', async (t) => {
  const strange = [
    null,
    Uint8Array.of(1, 5, 2),
    Uint8Array.of(1, 5, 2, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 2, 5, 5),
  ];
  for (const vsn of strange) {
    const host = given(alive('a', 1, { vsn }));
    t.equal(statusOf(host, 'a'), undefined, `${vsn}`);
    t.equal(host.core.counters.incompatible, 1);
  }
});

test('a claim without a usable address, name or meta is counted and dropped', async (t) => {
  const host = given(
    alive('a', 1, { addr: null }),
    alive('a', 1, { addr: Uint8Array.of(1, 2, 3) }),
    alive('', 1),
    alive('n'.repeat(300), 1),
    alive('a', 1, { meta: new Uint8Array(513) }),
  );
  t.equal(host.core.members().length, 1);
  t.equal(host.core.counters.malformed, 5);
});

test('an accusation of this node is refuted above what was claimed', async (t) => {
  const host = given(alive('a', 1), accuse('suspect', 'self', 7), accuse('dead', 'self', 8));
  t.equal(host.core.self.incarnation, 9);
  t.equal(host.core.healthScore, 2, 'and makes it doubt its own health');
  const told = (): number[] =>
    host.messages('alive').flatMap(({ node, incarnation }) => (node === 'self' ? [incarnation] : []));
  t.same(told(), [8, 9], 'and is told to others at once');
  host.fire('gossip', 1000);
  t.equal(told().at(-1), 9, 'and again by gossip');
});

test('an accusation below the own incarnation needs no new one', async (t) => {
  const host = given(accuse('suspect', 'self', 0));
  t.equal(host.core.self.incarnation, 1);
});

test('a foreign claim about this node is outbid, at another address it is a conflict', async (t) => {
  const host = given(alive('self', 5));
  t.equal(host.core.self.incarnation, 6);
  host.core.handlePacket(alive('self', 9, { addr: Uint8Array.of(10, 9, 9, 9) }), from);
  t.equal(host.core.self.incarnation, 6, 'two nodes of one name do not outbid each other for ever');
  t.ok(host.warnings().includes('conflict'));
});

test('an incarnation that no honest node can have reached is not believed', async (t) => {
  const host = given(alive('a', 1), accuse('dead', 'a', 0xffff_fff0), accuse('suspect', 'self', 0xffff_ffff));
  t.equal(statusOf(host, 'a'), 'alive', 'one packet evicts nobody');
  t.equal(host.core.self.incarnation, 1);
  t.equal(host.core.counters.implausible, 2);
});

test('at the end of the number space incarnations stay instead of wrapping', async (t) => {
  const host = new RecordingHost({}, 0xffff_fffe);
  host.core.handlePacket(accuse('suspect', 'self', 0xffff_ffff), from);
  t.equal(host.core.self.incarnation, 0xffff_ffff);
});

test('a node resumes above the incarnation that it had before', async (t) => {
  t.equal(new RecordingHost({}, 41).core.self.incarnation, 42);
});

test('confirmations shorten a suspicion to its least time, which grows with the cluster', async (t) => {
  const known = ['a', 'b', 'c', 'd'].map((name) => alive(name, 1));
  const host = givenBy('memberlist', ...known, accuse('suspect', 'a', 1, 'b'));
  const due = (): number =>
    Math.round(Math.max(...host.timers.filter((x) => x.timer.kind === 'suspicion').map((x) => x.at)));
  t.equal(due(), 24_000, 'unconfirmed: six times the least');
  const latest = (): number =>
    Math.round(host.timers.filter((x) => x.timer.kind === 'suspicion').at(-1)?.at ?? 0);
  host.core.handlePacket(accuse('suspect', 'a', 1, 'b'), from);
  t.equal(latest(), 24_000, 'the accuser does not confirm itself');
  host.core.handlePacket(accuse('suspect', 'a', 1, 'c'), from);
  t.equal(latest(), 11_381);
  host.core.handlePacket(accuse('suspect', 'a', 1, 'd'), from);
  t.equal(latest(), 4000);
  host.fire('suspicion', 4000);
  t.equal(statusOf(host, 'a'), 'dead');
  t.equal(host.changes().filter((change) => change === 'fail a').length, 1);
});

test('a suspicion that ends much too late begins anew: this process itself was stopped', async (t) => {
  const host = givenBy('memberlist', alive('a', 1), accuse('suspect', 'a', 1));
  host.fire('suspicion', 60_000);
  t.equal(statusOf(host, 'a'), 'suspect');
  host.fire('suspicion', 64_000);
  t.equal(statusOf(host, 'a'), 'dead');
});

test('the timer of a refuted suspicion does nothing', async (t) => {
  const host = given(alive('a', 1), accuse('suspect', 'a', 1), alive('a', 2));
  host.fire('suspicion', 4000);
  t.equal(statusOf(host, 'a'), 'alive');
});

test('an accuser whose name would not fit a datagram is not listened to', async (t) => {
  const host = given(
    alive('a', 1),
    accuse('suspect', 'a', 1, 'x'.repeat(256)),
    accuse('dead', 'a', 1, 'é'.repeat(128)),
  );
  t.equal(statusOf(host, 'a'), 'alive');
  t.same(host.warnings(), ['malformed', 'malformed']);
  host.core.handlePacket(accuse('suspect', 'a', 1, 'x'.repeat(255)), from);
  t.equal(statusOf(host, 'a'), 'suspect', '255 bytes are taken');
});

test('a name is measured in bytes', async (t) => {
  const host = given(alive('é'.repeat(128), 1), alive('é'.repeat(127), 1));
  t.same(host.changes(), [`join ${'é'.repeat(127)}`]);
});

test('names from the network are shown without effect on a terminal, and cut', async (t) => {
  const host = given(
    alive('evil\n\u001b[31m\u202e', 5, { addr: Uint8Array.of(1) }),
    alive('y'.repeat(600), 1),
  );
  const details = host.events.flatMap((event) => (event.kind === 'warning' ? [event.detail] : []));
  t.match(details[0], "alive about 'evil\\u{a}\\u{1b}[31m\\u{202e}'");
  t.equal(details[1]?.length, 301);
});
