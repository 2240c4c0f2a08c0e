import type { OperationInput, OperationOutput, StreamOperationName } from '@shoal/common';
import { ApiError, unreachable } from './api-error.js';
import { createEventParser } from './event-stream.js';
import { request } from './http.js';
import { route } from './routes.js';

export interface WatchHandlers<T> {
  /** The stream stands, for the first time or again. */
  readonly onOpen?: () => void;
  readonly onData: (value: T) => void;
  /** The stream broke; it is tried again at `retryAt` (ms since the epoch). */
  readonly onLost?: (error: ApiError, retryAt: number) => void;
  /** The controller refused the question itself (a wrong pattern, no right to ask): not tried again. */
  readonly onRefused?: (error: ApiError) => void;
}

/** Without a byte for that long (the controller sends heartbeats far more often) a stream counts as broken. */
const silenceMs = 45_000;
const firstRetryMs = 500;
const slowestRetryMs = 15_000;
/** A page that nobody looks at gives its connections back after that long. */
const hiddenMs = 60_000;

/**
 * Follows a stream operation until `signal` aborts, connecting again whenever it breaks, with growing, randomized
 * pauses. `input` is asked for at each connection, so that a follower can go on from where it was.
 */
export function watch<N extends StreamOperationName>(
  name: N,
  input: () => OperationInput<N>,
  handlers: WatchHandlers<OperationOutput<N>>,
  signal: AbortSignal,
): void {
  void (async () => {
    let failures = 0;
    while (!signal.aborted) {
      await visible(signal);
      if (signal.aborted) return;
      try {
        await follow(name, input(), signal, {
          onOpen: () => {
            failures = 0;
            handlers.onOpen?.();
          },
          onData: handlers.onData,
        });
      } catch (thrown) {
        if (signal.aborted) return;
        if (thrown instanceof HiddenPage) continue;
        const error = ApiError.from(thrown);
        if (isRefusal(error)) return handlers.onRefused?.(error);
        const pause = Math.min(slowestRetryMs, firstRetryMs * 2 ** failures) * (0.75 + Math.random() / 2);
        failures += 1;
        handlers.onLost?.(error, Date.now() + pause);
        await retryPause(pause, signal);
      }
    }
  })();
}

class HiddenPage extends Error {}

const refusals = new Set(['invalid_input', 'unauthenticated', 'permission_denied', 'not_found']);

function isRefusal(error: ApiError): boolean {
  return refusals.has(error.code);
}

/** One connection, until it breaks; always throws. */
async function follow<N extends StreamOperationName>(
  name: N,
  input: OperationInput<N>,
  outer: AbortSignal,
  handlers: { onOpen: () => void; onData: (value: OperationOutput<N>) => void },
): Promise<never> {
  const connection = new AbortController();
  const stop = watchdog(connection);
  const abort = () => connection.abort();
  outer.addEventListener('abort', abort);
  try {
    const { path } = await route(name, input);
    const response = await request('GET', path, { signal: connection.signal, accept: 'text/event-stream' });
    if (response.body === null) throw unreachable();
    handlers.onOpen();
    const parse = createEventParser(({ event, data }) => {
      if (event === 'error') throw streamError(data);
      handlers.onData(JSON.parse(data) as OperationOutput<N>);
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw unreachable();
      stop.alive();
      parse(value);
    }
  } catch (thrown) {
    throw connection.signal.aborted && !outer.aborted ? connection.signal.reason : thrown;
  } finally {
    outer.removeEventListener('abort', abort);
    stop.end();
    connection.abort();
  }
}

function streamError(data: string): ApiError {
  const body = JSON.parse(data) as { error?: ConstructorParameters<typeof ApiError>[0] };
  return body.error === undefined ? unreachable() : new ApiError(body.error);
}

/** Aborts a connection that is silent for too long, or whose page is hidden for too long. */
function watchdog(connection: AbortController): { alive: () => void; end: () => void } {
  let silence = setTimeout(() => connection.abort(unreachable()), silenceMs);
  let hidden: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(() => connection.abort(new HiddenPage()), hiddenMs);
  };
  onVisibility();
  document.addEventListener('visibilitychange', onVisibility);
  return {
    alive: () => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(unreachable()), silenceMs);
    },
    end: () => {
      clearTimeout(silence);
      clearTimeout(hidden);
      document.removeEventListener('visibilitychange', onVisibility);
    },
  };
}

function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
  });
}

/** Waits, but not longer than until the browser says that the network is back. */
function retryPause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
