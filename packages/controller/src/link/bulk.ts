import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type BatchAck, type Logger, ShoalError, toServiceError } from '@shoal/common';

/** A batch of a bulk stream: logs or stats. */
interface Batch<R> {
  readonly spoolId: string;
  readonly records: readonly R[];
}

/**
 * Serves one bulk stream: batch after batch is handed to the storage and acknowledged once that is durable. The stream isn't read while a batch is
 * being stored, so a slow disk slows the sender down instead of filling memory. A storage that fails ends the stream; the sender keeps what
 * wasn't acknowledged. `stopping` ends it too.
 */
export async function serveBulk<M, R>(
  call: ServerDuplexStream<M, BatchAck>,
  batchOf: (message: M) => Batch<R>,
  append: (spoolId: string, records: readonly R[]) => Promise<number>,
  logger: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const stop = (): void => {
    call.emit('error', toServiceError(new ShoalError('unavailable', 'The controller is stopping')));
  };
  stopping.addEventListener('abort', stop);
  try {
    // Left to itself, the iterator destroys the stream at its end, and no status would be sent.
    for await (const message of call.iterator({ destroyOnReturn: false })) {
      const { spoolId, records } = batchOf(message as M);
      if (records.length === 0) continue;
      const sequence = await append(spoolId, records);
      if (call.cancelled || stopping.aborted) return;
      if (!call.write({ spoolId, sequence })) await drained(call);
    }
    call.end();
  } catch (error) {
    if (call.cancelled || stopping.aborted) return;
    logger.warn({ err: error }, 'bulk stream ended: not stored');
    call.emit('error', toServiceError(error));
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

function drained(call: ServerDuplexStream<unknown, BatchAck>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('cancelled', done);
      call.off('close', done);
      resolve();
    };
    call.once('drain', done);
    call.once('cancelled', done);
    call.once('close', done);
  });
}
