import { test } from 'tap';
import { Scene } from '../../sim/scene.js';
import { resolveConfig } from '../config.js';
import type { Accusation } from '../wire/message-types.js';
import { Suspicion } from './suspicion.js';
import { suspicionTerms } from './suspicion-terms.js';

/* A cluster of 20 with the settings for a LAN, where memberlist's least suspicion takes 5.2 s. */
const PEERS = Array.from({ length: 19 }, (_, i) => `p${i}`);
const VICTIM = 'p7';

const accusation = (node: string, from: string, incarnation = 1): Accusation => ({
  type: 'suspect',
  node,
  incarnation,
  from,
});

/** A scene whose victim is silent, a second after the start. */
function silenced(tcp: 'refused' | 'silent', asHelper: 'nack' | 'ack' | 'mute' = 'nack'): Scene {
  const scene = new Scene(PEERS, { verifiers: 0 });
  scene.pass(1000);
  for (const name of PEERS) scene.let(name, { asHelper });
  scene.let(VICTIM, { ackMs: undefined, tcp });
  return scene;
}

const suspected = (scene: Scene) => (): boolean => scene.status(VICTIM) !== 'alive';
const dead = (scene: Scene) => (): boolean => scene.status(VICTIM) === 'dead';

/** Lets the core hear of a suspicion from two others. */
function accuse(scene: Scene): void {
  scene.tell(accusation(VICTIM, 'p1'));
  scene.tell(accusation(VICTIM, 'p2'));
}

test('a silent node is given up after two failed probes that others confirm', async (t) => {
  const scene = silenced('silent');
  scene.until(suspected(scene), 40_000);
  const took = scene.until(dead(scene), 10_000);
  t.ok(took > 1900 && took < 2100, `1.5 x 1.3 intervals: ${took}`);
  t.ok(scene.host.messages('dead').length >= 8, 'and others are told at once');
});

test('a node whose host refuses connections is given up sooner, after a second refusal', async (t) => {
  const scene = silenced('refused');
  scene.until(suspected(scene), 40_000);
  const took = scene.until(dead(scene), 10_000);
  t.ok(took > 990 && took < 1100, `five rounds of gossip: ${took}`);
  const dials = scene.host.exchanges.filter(({ exchange }) => exchange.kind === 'dial');
  t.equal(dials.length, 1);
});

test('a refusal that is not repeated counts for nothing', async (t) => {
  const scene = silenced('refused');
  scene.until(suspected(scene), 40_000);
  scene.pass(500);
  scene.let(VICTIM, { tcp: 'silent' });
  const took = scene.until(dead(scene), 10_000);
  t.ok(took > 1400, `then it takes as long as for a silent one: ${took + 500}`);
});

test('a last connection that something else answers is no sign of life', async (t) => {
  const scene = silenced('refused');
  const { host } = scene;
  scene.until(() => host.exchanges.some(({ exchange }) => exchange.kind === 'dial'), 40_000);
  const dial = host.exchanges.find(({ exchange }) => exchange.kind === 'dial');
  if (dial) host.core.handleReply(dial.exchange, { ok: true, reply: { type: 'error', error: 'wrong key' } });
  t.equal(host.core.counters.suspicionsPostponed, 0);
});

test('a node that refuses connections is not suspected as long as a helper reaches it', async (t) => {
  const scene = silenced('refused', 'ack');
  scene.pass(60_000);
  t.equal(scene.status(VICTIM), 'alive');
});

test('a probe fails as soon as all evidence is in, and else at its end', async (t) => {
  for (const [tcp, asHelper, ms] of [
    ['refused', 'nack', 360],
    ['silent', 'nack', 700],
    ['refused', 'mute', 1000],
  ] as const) {
    const scene = silenced(tcp, asHelper);
    const sent = scene.host.messages('ping').length;
    scene.until(
      () =>
        scene.host
          .messages('ping')
          .slice(sent)
          .some(({ node }) => node === VICTIM),
      40_000,
    );
    const took = scene.until(suspected(scene), 2000);
    t.ok(Math.abs(took - ms) < 5, `${tcp}, ${asHelper}: ${took}`);
  }
});

test('helpers that answer nothing at all make this node doubt itself, not the other one sooner', async (t) => {
  const scene = silenced('silent', 'mute');
  scene.until(suspected(scene), 40_000);
  t.ok(scene.host.core.healthScore >= 3);
  scene.pass(5000);
  t.equal(scene.status(VICTIM), 'suspect', 'nobody confirms');
});

test('an ack voids what was held against a suspect, also one that comes after the probe', async (t) => {
  const scene = silenced('silent');
  scene.until(suspected(scene), 40_000);
  scene.pass(900);
  scene.let(VICTIM, { ackMs: 900 });
  scene.pass(60_000);
  t.equal(scene.status(VICTIM), 'suspect', 'it never refutes, but it answers');
  t.ok(scene.host.core.counters.suspicionsPostponed > 5);
  scene.let(VICTIM, { ackMs: undefined });
  scene.until(dead(scene), 60_000);
});

test('who only heard of a suspicion probes before the verdict', async (t) => {
  const scene = new Scene(PEERS, { verifiers: 0 });
  scene.pass(1000);
  accuse(scene);
  scene.tell(accusation(VICTIM, 'p3'));
  scene.pass(60_000);
  t.equal(scene.status(VICTIM), 'suspect', 'it answers, whatever three others say');
  const silent = silenced('silent');
  accuse(silent);
  silent.tell(accusation(VICTIM, 'p3'));
  const took = silent.until(dead(silent), 20_000);
  t.ok(took <= 5205 + 1000, `${took}`);
});

test('a new suspicion is verified by a few nodes at once', async (t) => {
  const verifying = (judgment: 'evidence' | 'memberlist'): number =>
    Array.from({ length: 200 }, (_, seed) => seed).filter((seed) => {
      const scene = new Scene(PEERS, { judgment }, seed);
      accuse(scene);
      return scene.host.messages('ping').some(({ node }) => node === VICTIM);
    }).length;
  const some = verifying('evidence');
  t.ok(some > 5 && some < 50, `2 of 18 is 22 of 200: ${some}`);
  t.equal(verifying('memberlist'), 0);
});

test('a helper that had no answer confirms the suspicion, unless the node was heard since', async (t) => {
  const ask = (scene: Scene, at = 9): void =>
    scene.tell({
      type: 'indirect',
      seqNo: 9,
      target: Uint8Array.of(10, 0, 0, at),
      port: 7946,
      node: VICTIM,
      nack: true,
      sourceAddr: Uint8Array.of(10, 0, 0, 2),
      sourcePort: 7946,
      sourceNode: 'p0',
    });
  const confirms = (scene: Scene): boolean => {
    scene.tell(accusation(VICTIM, 'p0'));
    scene.pass(250);
    return scene.host.messages('suspect').some(({ from }) => from === 'self');
  };
  const witness = silenced('silent');
  ask(witness);
  witness.pass(500);
  t.match(witness.host.messages('nack'), [{ seqNo: 9 }]);
  t.ok(confirms(witness));
  const late = silenced('silent');
  late.let(VICTIM, { ackMs: 300 });
  ask(late);
  late.pass(500);
  t.equal(late.host.messages('nack').length, 1);
  t.notOk(confirms(late), 'it answered after the nack');
  const forgetful = silenced('silent');
  ask(forgetful);
  forgetful.pass(2500);
  t.notOk(forgetful.status(VICTIM) === 'alive' && confirms(forgetful), 'that was long ago');
  const misled = silenced('silent');
  ask(misled, 77);
  misled.pass(500);
  t.match(misled.host.messages('nack'), [{ seqNo: 9 }]);
  t.notOk(confirms(misled), 'the asker took it to be at another address');
});

test('a process that was stopped takes no silence of that time for evidence', async (t) => {
  const scene = silenced('refused');
  const pings = (): number => scene.host.messages('ping').filter(({ node }) => node === VICTIM).length;
  const before = pings();
  scene.until(() => pings() > before, 40_000);
  scene.freeze(3000);
  const { probesFailed } = scene.host.core.counters;
  scene.let(VICTIM, { ackMs: 1 });
  const score = scene.host.core.healthScore;
  scene.pass(1);
  t.equal(scene.host.core.counters.probesFailed, probesFailed);
  t.ok(scene.host.core.healthScore > score, 'but it doubts itself');
});

test('a probe that this process slept through still gets the time in which helpers answer', async (t) => {
  const scene = silenced('silent', 'ack');
  const pings = (): number => scene.host.messages('ping').filter(({ node }) => node === VICTIM).length;
  const before = pings();
  scene.until(() => pings() > before, 40_000);
  scene.freeze(3000);
  scene.pass(5000);
  t.equal(scene.status(VICTIM), 'alive');
});

test('a process that was stopped for long goes on probing everybody, also whom it was probing then', async (t) => {
  const scene = silenced('silent');
  const pings = (): string[] => scene.host.messages('ping').map(({ node }) => node);
  const before = pings().length;
  scene.until(() => pings().slice(before).includes(VICTIM), 40_000);
  scene.freeze(15_000);
  scene.let(VICTIM, { ackMs: 1, tcp: 'ack' });
  scene.pass(5000);
  const since = pings().length;
  scene.pass(60_000);
  t.same([...new Set(pings().slice(since))].sort(), [...PEERS].sort());
});

test('a ring successor that was slow once is soon probed at each interval again', async (t) => {
  const scene = new Scene(PEERS);
  scene.pass(5000);
  for (const name of PEERS) scene.let(name, { ackMs: 450, tcp: 'silent' });
  scene.pass(20_000);
  for (const name of PEERS) scene.let(name, { ackMs: 1 });
  scene.pass(90_000);
  const since = scene.host.messages('ping').length;
  scene.pass(10_000);
  t.ok(scene.host.messages('ping').length - since >= 19, 'two pings in each interval');
});

test('what memberlist does not know is not done under its judgment', async (t) => {
  const scene = new Scene(PEERS, { judgment: 'memberlist' });
  scene.pass(1000);
  scene.let(VICTIM, { ackMs: undefined, tcp: 'refused' });
  t.equal(scene.host.timers.filter(({ timer }) => timer.kind === 'probe').length, 1, 'no ring');
  scene.until(suspected(scene), 40_000);
  const took = scene.until(dead(scene), 60_000);
  t.equal(Math.round(took), 31_224, 'six times the least, as nobody confirms');
  t.equal(scene.host.exchanges.filter(({ exchange }) => exchange.kind === 'dial').length, 0);
});

test('terms follow the size of the cluster, the health of this node and who can confirm', async (t) => {
  const lan = resolveConfig('lan');
  const at = (n: number, score = 0): number[] => {
    const { needed, confirmedMs, refusedMs } = suspicionTerms(lan, n, score);
    return [needed, confirmedMs, refusedMs];
  };
  t.same(at(2), [Number.POSITIVE_INFINITY, 1500, 1000], 'alone with one other, silence needs the full time');
  t.same(at(3), [1, 1500, 1000]);
  t.same(at(4), [2, 1500, 1000]);
  t.same(at(100), [2, 3000, 1000]);
  t.same(at(100, 1), [2, 6000, 2000], 'doubled in doubt');
  t.same(at(100, 7), [2, 8000, 8000], "but never beyond memberlist's");
});

test('a suspicion counts each accuser once, and nothing but own failed probes makes it short', async (t) => {
  const suspicion = new Suspicion(suspicionTerms(resolveConfig('lan'), 10, 0), 'a', 100);
  t.same(
    ['a', 'b', 'b', 'c', 'd'].map((from) => suspicion.confirm(from)),
    [false, true, false, true, false],
  );
  t.equal(suspicion.endsAt, 4100);
  suspicion.probeFailed(200, false);
  t.equal(suspicion.endsAt, 1600);
  suspicion.probeFailed(300, true);
  suspicion.probeFailed(400, true);
  t.equal(suspicion.endsAt, 1300, 'from the first refusal on');
  suspicion.probeFailed(500, false);
  t.equal(suspicion.endsAt, 1600, 'a refusal must be repeated');
  suspicion.restart(1000, 'self');
  t.equal(suspicion.endsAt, 25_000);
});
