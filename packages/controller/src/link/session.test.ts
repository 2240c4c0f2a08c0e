import { setImmediate as turn } from 'node:timers/promises';
import type {
  AgentMessage__Output,
  ControllerMessage,
  Hello__Output,
  NodeReport__Output,
  RepairResult__Output,
  ShoalError,
} from '@shoal/common';
import t from 'tap';
import { Admission } from './admission.js';
import { parseMembers } from './members-result.js';
import { type MessageSink, Outbox } from './outbox.js';
import { Session } from './session.js';

class FakeSink implements MessageSink {
  readonly sent: ControllerMessage[] = [];
  room = Number.POSITIVE_INFINITY;
  #drain: (() => void) | undefined;

  write(message: ControllerMessage): boolean {
    this.sent.push(message);
    this.room -= 1;
    return this.room > 0;
  }

  once(_event: 'drain', listener: () => void): void {
    this.#drain = listener;
  }

  drain(room: number): void {
    this.room = room;
    this.#drain?.();
  }
}

const hello: Hello__Output = {
  agentVersion: '1',
  instanceId: 'i',
  facts: {},
  site: '',
  gossipAddress: '',
  manifestDeltas: true,
  leaseSerial: 0,
};
const report: NodeReport__Output = {
  full: true,
  runningHash: '',
  runningRevision: 0,
  failedHash: '',
  failedRevision: 0,
  failedAttempt: 0,
  failure: null,
  state: 'IDLE',
  services: [],
  convergingHash: '',
  gossipKeys: null,
  draining: [],
  drifts: null,
  lease: null,
};
const message = (sequence: number, part: Partial<AgentMessage__Output> = {}): AgentMessage__Output => ({
  sequence,
  hello: null,
  report: null,
  fullOffer: null,
  stepEvents: [],
  checkResult: null,
  membersResult: null,
  repairResult: null,
  ...part,
});

interface Setup {
  sink: FakeSink;
  session: Session;
  reports: NodeReport__Output[];
  ends: (ShoalError | undefined)[];
}

function setup(): Setup {
  const sink = new FakeSink();
  const reports: NodeReport__Output[] = [];
  const ends: (ShoalError | undefined)[] = [];
  const listener = {
    reported: (r: NodeReport__Output) => reports.push(r),
    stepEvents: () => {},
    fullOfferAsked: () => {},
    seen: () => {},
  };
  const session = new Session('a', sink, listener, (reason) => ends.push(reason));
  return { sink, session, reports, ends };
}

t.test('what waits merges into one next message; requests each get their own', async (t) => {
  const sink = new FakeSink();
  const outbox = new Outbox(sink);
  sink.room = 1;
  outbox.put({ reportFullState: true });
  await turn();
  t.same(sink.sent, [{ sequence: 1, reportFullState: true }]);
  outbox.put({ offer: { hash: 'old' } });
  outbox.put({ offer: { hash: 'new' } });
  outbox.put({ removed: true });
  outbox.request({ members: { id: '1' } });
  outbox.request({ members: { id: '2' } });
  await turn();
  t.equal(sink.sent.length, 1, 'nothing while the stream is full');
  sink.drain(2);
  t.same(sink.sent.slice(1), [
    { sequence: 2, offer: { hash: 'new' }, removed: true, members: { id: '1' } },
    { sequence: 3, members: { id: '2' } },
  ]);
  outbox.close();
  outbox.put({ removed: true });
  await turn();
  t.equal(sink.sent.length, 3);
});

t.test('a link must begin with hello and a full report', async (t) => {
  for (const part of [{}, { hello }, { report }, { hello, report: { ...report, full: false } }]) {
    const { session } = setup();
    t.throws(() => session.receive(message(1, part)), { code: 'invalid_input' });
    t.notOk(session.begun);
  }
  const { session, reports } = setup();
  session.receive(message(1, { hello, report }));
  t.ok(session.begun);
  t.equal(reports.length, 1);
});

t.test('after a gap only a full report counts', async (t) => {
  const { session, reports, sink } = setup();
  session.receive(message(1, { hello, report }));
  const partial = { ...report, full: false };
  session.receive(message(3, { report: partial }));
  session.receive(message(4, { report: partial }));
  t.equal(reports.length, 1);
  await turn();
  t.ok(sink.sent[0]?.reportFullState);
  session.receive(message(5, { report }));
  session.receive(message(6, { report: partial }));
  t.equal(reports.length, 3);
});

t.test('a manifest is offered once a link', async (t) => {
  const { session, sink } = setup();
  const offer = (hash: string, revision: number, retryFailed = false): boolean =>
    session.offer({ hash, revision, attempt: 0, retryFailed }, () => ({}));
  t.equal(offer('h', 1), true);
  t.equal(offer('h', 1), false);
  await turn();
  t.equal(offer('h', 1, true), true, 'an earlier attempt failed since');
  t.equal(offer('g', 2), true);
  t.equal(offer('h', 1), true, 'back to an earlier one');
  await turn();
  t.same(
    sink.sent.map(({ offer }) => offer?.hash),
    ['h', 'h'],
    'the latest replaces one that was not sent',
  );
});

t.test('questions end by answer, by time, and with the link', async (t) => {
  const { session, sink, ends } = setup();
  session.receive(message(1, { hello, report }));
  const members = session.members(60_000);
  await turn();
  const id = sink.sent[0]?.members?.id ?? '';
  const membersJson =
    '[{"name":"b","address":"::1","port":7,"state":"alive","incarnation":3,"since":4,"tags":{"x":"y"}}, 5]';
  session.receive(message(2, { membersResult: { id, membersJson } }));
  t.same(await members, [
    { name: 'b', address: '[::1]:7', state: 'alive', incarnation: 3, since: 4, tags: { x: 'y' } },
  ]);
  session.receive(message(3, { membersResult: { id, membersJson } }));
  await t.rejects(session.members(1), { code: 'deadline_exceeded', message: /"a" didn't answer/ });
  const check = session.check({ manifest: { payload: Buffer.alloc(0), signature: Buffer.alloc(0) } }, 60_000);
  await turn();
  session.receive(
    message(4, {
      checkResult: { id: sink.sent.at(-1)?.check?.id ?? '', differences: [], error: 'no template' },
    }),
  );
  await t.rejects(check, { code: 'step_failed', message: 'no template' });
  let sequence = 5;
  const repair = async (part: Partial<RepairResult__Output>): Promise<unknown> => {
    const repaired = session.repair('web', 60_000);
    await turn();
    const { id = '', service } = sink.sent.at(-1)?.repair ?? {};
    t.equal(service, 'web');
    const result = { id, repaired: [], failure: null, error: '', ...part };
    session.receive(message(sequence++, { repairResult: result }));
    return repaired;
  };
  const steps = [{ service: 'web', step: 'conf' }];
  t.same(await repair({ repaired: steps }), steps);
  await t.rejects(repair({ error: 'no service "x"' }), { code: 'failed_precondition', message: /"x"/ });
  const failed = { service: 'web', step: 'conf', message: 'no', output: 'emerg', undone: true };
  const failure = { ...failed, untouched: false };
  await t.rejects(repair({ failure }), {
    code: 'step_failed',
    message: /^a: web\/conf: no; .* undone\nemerg$/,
  });
  const unanswered = session.members(60_000);
  session.close();
  session.close();
  await t.rejects(unanswered, { code: 'unavailable' });
  await t.rejects(session.members(1), { code: 'unavailable' });
  t.same(ends, [undefined], 'ends once');
  t.throws(() => parseMembers('nonsense', 'a'), { code: 'internal' });
});

t.test('removal is told before the stream ends', async (t) => {
  const { session, sink, ends } = setup();
  session.receive(message(1, { hello, report }));
  session.removed();
  t.same(sink.sent, [{ sequence: 1, removed: true }]);
  t.equal(ends.length, 1);
});

t.test('admits so many links a second and spreads the others', async (t) => {
  let now = 0;
  const admission = new Admission(
    10,
    () => now,
    () => 0.5,
  );
  const waits = Array.from({ length: 30 }, () => admission.admit());
  t.equal(waits.filter((wait) => wait === 0).length, 10);
  t.ok(
    waits.slice(10).every((wait) => wait >= 1000 && wait <= 3000),
    'told to come back within seconds',
  );
  now += 500;
  t.equal(Array.from({ length: 10 }, () => admission.admit()).filter((wait) => wait === 0).length, 5);
  now += 60_000;
  t.equal(
    Array.from({ length: 20 }, () => admission.admit()).filter((wait) => wait === 0).length,
    10,
    'no more than a burst',
  );
});
