import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ClusterEvent } from '@shoal/common';
import type { Host } from './host.js';

/** An event as the console gets it, with the time of its arrival (ms since the epoch). */
export interface ArrivedEvent {
  readonly at: number;
  readonly event: ClusterEvent;
}

/** What the console has been told since it was opened. */
export interface EventFeed {
  readonly events: readonly ArrivedEvent[];
  stop(): void;
}

const origin = 'http://127.0.0.1:9897';
const cookies = '/root/console-cookies';

/** The controller's HTTP door, used as the console in a browser uses it: with the session of a person who logged in. */
export class ConsoleSession {
  readonly #controller: Host;

  constructor(controller: Host) {
    this.#controller = controller;
  }

  /** Makes the first user by the link in the controller's journal, which also logs in. */
  async firstRun(): Promise<void> {
    const journal = await this.#controller.exec(
      'journalctl -u shoal-controller -o cat | grep -o "first-run?token=[A-Za-z0-9_-]*"',
    );
    const token = journal.stdout.trim().split('\n').at(-1)?.split('=').at(-1) ?? '';
    const body = JSON.stringify({ token, name: 'operator', password: 'a long enough password' });
    const headers = ['-H', 'content-type: application/json', '-H', 'x-shoal-csrf: 1'];
    const post = ['curl', '-sS', '--fail-with-body', '-c', cookies, ...headers, '-d', '@-'];
    await this.#controller.exec([...post, `${origin}/api/v1/first-run`], { input: body });
  }

  /** The answer to a read, e.g. `get('logs?node=web-1')`. */
  async get<T>(path: string): Promise<T> {
    const command = ['curl', '-sS', '--fail-with-body', '-b', cookies, `${origin}/api/v1/${path}`];
    return JSON.parse((await this.#controller.exec(command)).stdout) as T;
  }

  /** Opens the stream of events; it ends with `stop()`, or with the controller. */
  watch(): EventFeed {
    const [command = '', ...enter] = this.#controller.enter();
    const child: ChildProcess = spawn(
      command,
      [...enter, 'curl', '-sSN', '-b', cookies, `${origin}/api/v1/events`],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const events: ArrivedEvent[] = [];
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('data: ')) return;
        events.push({ at: Date.now(), event: JSON.parse(line.slice(6)) as ClusterEvent });
      });
    }
    return { events, stop: () => child.kill('SIGKILL') };
  }
}
