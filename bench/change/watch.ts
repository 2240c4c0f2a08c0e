import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../test/lab/lab.js';

/** How long a change may take, in milliseconds. */
const patienceMs = 180_000;

/** Sees from inside the lab's network when hosts serve something new. */
export class Watch {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(lab: Lab, urls: readonly string[]) {
    const program = join(import.meta.dirname, 'watch-probe.js');
    const [command = '', ...enter] = lab.fabric.enter();
    this.#child = spawn(command, [...enter, process.execPath, program, ...urls], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the probe has no output');
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** Resolves when every URL has answered with this change, with the moment at which the last one did so first: milliseconds since the epoch. */
  async served(change: string): Promise<number> {
    const answer = once(this.#lines, 'line') as Promise<[string]>;
    this.#child.stdin?.write(`${JSON.stringify({ want: change })}\n`);
    const late = new AbortController();
    const timeout = delay(patienceMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`change ${change} was not served everywhere within ${patienceMs / 1000} s`);
    });
    timeout.catch(() => undefined);
    try {
      const [line] = await Promise.race([answer, timeout]);
      return Math.max(...(JSON.parse(line) as { at: number[] }).at);
    } finally {
      late.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
