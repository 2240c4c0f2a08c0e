import type { ServerResponse } from 'node:http';
import { ShoalError } from '@shoal/common';
import { publicError } from './error-reply.js';

/** A caller that takes nothing for so long is gone. */
const stalledMs = 60_000;

export interface EventStreamOptions {
  /** Aborts what feeds the stream: by the caller's going away, by whoever ends the stream (the reason is told), and here at its end. */
  readonly abort: AbortController;
  /** Time between comment lines that show that the stream lives. */
  readonly heartbeatMs: number;
  /** Asked at each heartbeat; false ends the stream. */
  readonly stillAllowed: () => Promise<boolean>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes outputs as server-sent events (HTML standard, 9.2) until they end, fail, or the caller goes. */
export async function sendEvents(
  response: ServerResponse,
  outputs: AsyncIterable<unknown>,
  options: EventStreamOptions,
): Promise<void> {
  const { abort } = options;
  response.on('error', () => abort.abort());
  response.writeHead(200, {
    ...options.headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 2000\n\n');
  const heartbeat = setInterval(() => {
    response.write(':\n\n');
    options.stillAllowed().then(
      (allowed) => {
        if (!allowed) abort.abort(new ShoalError('unauthenticated', 'the session has ended'));
      },
      () => abort.abort(),
    );
  }, options.heartbeatMs);
  try {
    for await (const output of outputs) {
      if (abort.signal.aborted) break;
      if (!response.write(`data: ${JSON.stringify(output)}\n\n`)) await drained(response, abort.signal);
    }
  } catch (thrown) {
    if (!abort.signal.aborted) writeError(response, thrown);
  } finally {
    clearInterval(heartbeat);
    if (ShoalError.is(abort.signal.reason)) writeError(response, abort.signal.reason);
    abort.abort();
    response.end();
  }
}

function writeError(response: ServerResponse, thrown: unknown): void {
  if (response.destroyed) return;
  response.write(`event: error\ndata: ${JSON.stringify({ error: publicError(thrown).toJSON() })}\n\n`);
}

/** Until the caller has taken what was written; one that takes nothing for a minute is cut off. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(() => {
      response.destroy();
      done();
    }, stalledMs);
    response.on('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
