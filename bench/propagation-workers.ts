import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { sampleProcess } from './processes.js';
import type { Arrival, WorkerAnswer, WorkerRequest } from './propagation-messages.js';

/** Processes that share the links or watches among them. */
export const workerCount = 4;

/** The processes at the other end of the connections. */
export class Workers {
  readonly #children: readonly ChildProcess[];
  /** Bytes of the signed manifest that arrived last; 0: none did. */
  manifestBytes = 0;

  constructor() {
    const program = new URL('./propagation-worker.js', import.meta.url).pathname;
    this.#children = Array.from({ length: workerCount }, () => fork(program, { execArgv: [] }));
  }

  /** Asks each of them; resolves with all that they had to tell. */
  async ask(requestOf: (worker: number) => WorkerRequest): Promise<Arrival[]> {
    const answers = this.#children.map(async (child, index) => {
      const { arrivals, manifestBytes, error } = await answerOf(child, requestOf(index));
      if (error !== undefined) throw new Error(`worker ${index}: ${error}`);
      this.manifestBytes = manifestBytes || this.manifestBytes;
      return arrivals;
    });
    return (await Promise.all(answers)).flat();
  }

  /** Waits until that many arrivals of a revision were told. @throws Error after 60 s */
  async arrivals(revision: number, count: number): Promise<Arrival[]> {
    const found: Arrival[] = [];
    const end = Date.now() + 60_000;
    for (;;) {
      const arrived = await this.ask(() => ({ kind: 'collect' }));
      found.push(...arrived.filter((arrival) => arrival.revision === revision));
      if (found.length >= count) return found;
      if (Date.now() > end) throw new Error(`${found.length} of ${count} heard of ${revision}`);
      await delay(100);
    }
  }

  /** Bytes that they read so far, from the network above all. */
  bytesRead(): number {
    return this.#children.reduce((sum, { pid }) => {
      const text = readFileSync(`/proc/${pid}/io`, 'utf8');
      return sum + Number(/^rchar: (\d+)$/m.exec(text)?.[1] ?? 0);
    }, 0);
  }

  /** Processor time that they took so far, seconds. */
  cpuSeconds(): number {
    return this.#children.reduce((sum, { pid }) => sum + sampleProcess(pid ?? 0).cpuSeconds, 0);
  }

  async stop(): Promise<void> {
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}

/** @throws Error when the process ends instead */
async function answerOf(child: ChildProcess, request: WorkerRequest): Promise<WorkerAnswer> {
  const settled = new AbortController();
  const { signal } = settled;
  const answered = once(child, 'message', { signal }).then(([answer]) => answer as WorkerAnswer);
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a worker ended with code ${code}`);
  });
  // Whichever would come second is called off.
  for (const other of [answered, ended]) other.catch(() => undefined);
  child.send(request);
  try {
    return await Promise.race([answered, ended]);
  } finally {
    settled.abort();
  }
}
