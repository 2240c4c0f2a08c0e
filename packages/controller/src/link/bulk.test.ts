import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { type BatchAck, createLogger, ShoalError } from '@shoal/common';
import t from 'tap';
import { serveBulk } from './bulk.js';

interface Batch {
  readonly spoolId: string;
  readonly records: readonly number[];
}

/** A server's side of a stream, without gRPC. */
class FakeCall extends Duplex {
  readonly acks: BatchAck[] = [];
  readonly failures: Error[] = [];
  cancelled = false;

  constructor() {
    super({ objectMode: true, autoDestroy: false });
    this.on('error', (error) => this.failures.push(error));
  }

  override _read(): void {}

  override _write(ack: BatchAck, _encoding: string, done: () => void): void {
    this.acks.push(ack);
    done();
  }
}

const logger = createLogger({ name: 'test', level: 'silent' });

function serve(
  call: FakeCall,
  append: (spoolId: string, records: readonly number[]) => Promise<number>,
  stopping: AbortSignal = new AbortController().signal,
): Promise<void> {
  const stream = call as unknown as ServerDuplexStream<Batch, BatchAck>;
  return serveBulk(stream, (batch) => batch, append, logger, stopping);
}

t.test('a batch is acknowledged once it is stored, and the next is not taken before', async (t) => {
  const call = new FakeCall();
  const begun: number[] = [];
  let stored: (sequence: number) => void = () => {};
  const served = serve(call, (_spool, [first]) => {
    begun.push(first ?? 0);
    return new Promise((resolve) => {
      stored = resolve;
    });
  });
  for (const first of [1, 2]) call.push({ spoolId: 's', records: [first] });
  call.push({ spoolId: 's', records: [] });
  call.push(null);
  await turn();
  t.same([begun, call.acks], [[1], []]);
  stored(1);
  await turn();
  await turn();
  t.same([begun, call.acks], [[1, 2], [{ spoolId: 's', sequence: 1 }]]);
  stored(2);
  await served;
  t.equal(call.acks.length, 2);
  t.ok(call.writableEnded, 'ends in peace when the sender does');
});

t.test('a storage that fails ends the stream with its reason, nothing acknowledged', async (t) => {
  const call = new FakeCall();
  call.push({ spoolId: 's', records: [1] });
  await serve(call, async () => {
    throw new ShoalError('resource_exhausted', 'No room left');
  });
  t.match(call.failures, [{ code: status.RESOURCE_EXHAUSTED, details: 'No room left' }]);
  t.same(call.acks, []);
});

t.test('a controller that stops says so and acknowledges nothing more', async (t) => {
  const call = new FakeCall();
  const stop = new AbortController();
  call.push({ spoolId: 's', records: [1] });
  await serve(
    call,
    async () => {
      stop.abort();
      return 1;
    },
    stop.signal,
  );
  t.match(call.failures, [{ code: status.UNAVAILABLE }]);
  t.same(call.acks, []);
});
