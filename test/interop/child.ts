import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';

/** How to run a peer's program. */
export interface ChildOptions {
  readonly command: readonly string[];
  /** Network namespace to run it in. Default: that of the test. */
  readonly namespace?: string | undefined;
}

/** A peer's process. It is killed when the test ends. */
export class Child {
  /** All lines of standard error, and of standard output if nothing else reads that. */
  readonly log: string[] = [];
  readonly process: ChildProcess;

  constructor(t: Test, options: ChildOptions, onLine?: (line: string) => void) {
    const [file = '', ...args] = inNamespace(options.namespace, options.command);
    this.process = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.process;
    if (!stdout || !stderr) throw new Error('the pipes of a child are there');
    const keep = (line: string): void => {
      this.log.push(line);
    };
    createInterface({ input: stderr }).on('line', keep);
    createInterface({ input: stdout }).on('line', onLine ?? keep);
    this.process.stdin?.on('error', () => undefined);
    this.process.on('error', (error) => keep(`cannot be started: ${error.message}`));
    t.teardown(() => this.end('SIGKILL'));
  }

  get running(): boolean {
    return (
      this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null
    );
  }

  /** Signals it and waits until it is gone. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
  }
}

/** The command line that runs `command` in a network namespace. */
export function inNamespace(namespace: string | undefined, command: readonly string[]): readonly string[] {
  return namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command];
}
