import { connect } from 'node:net';
import { formatDuration } from '@shoal/common';
import { Superseded } from '../attempt/environment.js';
import type { RenderedWait } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { StepContext, StepHandler } from './handler.js';
import { holds } from './handler.js';

/** How long one question may take, in milliseconds. */
const askTimeoutMs = 10_000;

/** Something answers; there is nothing to undo. */
export const waitHandler: StepHandler<RenderedWait, Record<string, never>> = {
  async check(step, context) {
    const reason = await whyNot(step, context);
    if (reason === undefined) return holds;
    return { holds: false, difference: `waits up to ${formatDuration(step.timeoutMs)}: ${reason}` };
  },

  prepareUndo: async () => ({}),

  async apply(step, context) {
    const { clock, signal, superseded = never } = context;
    const wakes = AbortSignal.any([signal, superseded]);
    const givenUp = aborted(superseded);
    const began = clock.elapsed();
    let told: string | undefined;
    for (;;) {
      const reason = await Promise.race([whyNot(step, context), givenUp]);
      if (superseded.aborted) throw new Superseded();
      const waited = clock.elapsed() - began;
      if (reason === undefined) return `answered after ${(waited / 1000).toFixed(1)} s`;
      if (reason !== told) context.output(reason);
      told = reason;
      if (waited >= step.timeoutMs || signal.aborted) {
        throw new StepError(`waited ${formatDuration(step.timeoutMs)} in vain: ${reason}`);
      }
      await clock.sleep(Math.min(step.intervalMs, step.timeoutMs - waited), wakes);
    }
  },

  undo: async () => 'nothing to undo',
};

const never = new AbortController().signal;

/** Resolves when nobody waits any more. */
function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const told = () => resolve('it was given up');
    if (signal.aborted) told();
    else signal.addEventListener('abort', told, { once: true });
  });
}

/** Why it doesn't answer now; undefined: it does. */
async function whyNot(step: RenderedWait, context: StepContext): Promise<string | undefined> {
  const { for: what } = step;
  const timeoutMs = Math.min(askTimeoutMs, step.timeoutMs);
  switch (what.kind) {
    case 'port':
      return connectTo(what.host, what.port, timeoutMs);
    case 'url': {
      const { healthy, detail } = await context.probe({ url: what.url, timeoutMs });
      return healthy ? undefined : detail;
    }
    case 'command': {
      const [program] = what.command;
      const result = await context.ask(what.command, { timeoutMs });
      if (result.code === 0) return undefined;
      if (result.missing) return `${program} isn't installed`;
      return result.timedOut ? `${program} takes too long` : `${program} exits with ${result.code}`;
    }
  }
}

/** Why no TCP connection is accepted there; undefined: one is. */
function connectTo(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason === undefined ? undefined : `port ${port} of ${host}: ${reason}`);
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.on('connect', () => end(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
