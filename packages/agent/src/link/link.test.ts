import { ShoalError } from '@shoal/common';
import t from 'tap';
import { Backoff } from './backoff.js';
import { explainConnection } from './channel.js';
import { Outbox } from './outbox.js';

const event = (text: string) => ({
  revision: 1,
  hash: 'h',
  service: 's',
  step: 'x',
  kind: 'output',
  text,
  atMs: 1,
});

t.test('waits double, are spread, capped, and begin anew once it worked', (t) => {
  const middle = new Backoff({}, () => 0.5);
  t.strictSame(
    Array.from({ length: 7 }, () => middle.next()),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  );
  middle.reset();
  t.equal(middle.next(), 1000);
  t.equal(new Backoff({}, () => 0).next(), 500);
  t.equal(new Backoff({}, () => 1).next(), 1500);
  t.equal(new Backoff({}, () => 0.5).next(60_000), 75_000, 'the controller’s wish counts, spread too');
  t.end();
});

t.test('reports merge, events keep their order, one message holds all that waits', (t) => {
  const outbox = new Outbox();
  outbox.open({ instanceId: 'i' }, { full: true, runningRevision: 1 });
  outbox.stepEvent(event('a'));
  t.match(outbox.take(), { sequence: 1, hello: { instanceId: 'i' }, stepEvents: [] });
  outbox.report({ full: true, runningRevision: 2 });
  outbox.report({ full: true, runningRevision: 3 });
  outbox.stepEvent(event('b'));
  outbox.checkResult({ id: '1' });
  outbox.checkResult({ id: '2' });
  t.equal(outbox.take(), undefined, 'a stream that is not welcomed yet may never stand');
  outbox.welcomed();
  t.match(outbox.take(), {
    sequence: 2,
    hello: null,
    report: { runningRevision: 3 },
    stepEvents: [{ text: 'a' }, { text: 'b' }],
    checkResult: { id: '1' },
  });
  t.match(outbox.take(), {
    sequence: 3,
    hello: null,
    report: null,
    stepEvents: [],
    checkResult: { id: '2' },
  });
  t.equal(outbox.take(), undefined);
  outbox.stepEvent(event('c'));
  outbox.membersResult({ id: '3', membersJson: '[]' });
  outbox.open({ instanceId: 'i' }, { full: true });
  t.match(outbox.take(), { sequence: 1, hello: {}, stepEvents: [] });
  outbox.open({ instanceId: 'i' }, { full: true });
  t.match(outbox.take(), { sequence: 1, hello: {}, stepEvents: [] }, 'a second try in vain takes nothing');
  outbox.welcomed();
  t.match(
    outbox.take(),
    { sequence: 2, stepEvents: [{ text: 'c' }], membersResult: null },
    'old answers are dropped',
  );
  t.end();
});

t.test('too many waiting events: the oldest go, counted where they are missing', (t) => {
  const outbox = new Outbox(3);
  for (const text of ['a', 'b', 'c', 'd', 'e']) outbox.stepEvent(event(text));
  t.strictSame(
    outbox.take()?.stepEvents?.map(({ text }) => text),
    ['[shoal] 2 earlier lines were dropped while the controller was away', 'c', 'd', 'e'],
  );
  t.end();
});

t.test('errors of a connection say what to do', (t) => {
  t.match(explainConnection(new ShoalError('unavailable', 'certificate has expired')).hint, /clocks/);
  const other = new ShoalError('unavailable', 'connect ECONNREFUSED');
  t.equal(explainConnection(other), other);
  // As grpc-js words them.
  const failed = (cause: string) =>
    new ShoalError(
      'unavailable',
      `No connection established. Last error: Error: ${cause}. Resolution note: `,
    );
  for (const cause of [
    'self-signed certificate in certificate chain',
    'unable to verify the first certificate',
  ]) {
    t.match(explainConnection(failed(cause)), {
      code: 'permission_denied',
      message: /of another CA/,
      hint: /token/,
    });
  }
  t.equal(
    explainConnection(failed('connect ECONNREFUSED 10.0.0.1:9898')).message,
    'connect ECONNREFUSED 10.0.0.1:9898',
  );
  t.end();
});
