import { rm } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { Redactor } from '@shoal/common';
import type { Clock } from '../converge/clock.js';
import { killGroup } from '../converge/command.js';
import { StepError } from '../converge/step-error.js';
import type { BackoffOptions } from './backoff.js';
import { backoffDelay } from './backoff.js';
import { launch, noteOf, prepareLaunch, readNote } from './launch.js';
import { OutputFile } from './output-file.js';
import type { ProcessIdentity } from './proc-stat.js';
import { groupLives, identifyProcess, isAlive, isReused } from './proc-stat.js';
import type { ProcessSpec, ProcessStatus, SupervisorListener } from './supervisor.js';

/** Timing of a supervised process, in milliseconds. */
export interface ProcessTiming extends BackoffOptions {
  /** A process that ends within this time didn't start. */
  readonly settleMs: number;
  /** How often a process is looked at that isn't this agent's child. */
  readonly pollMs: number;
}

interface Running {
  readonly identity: ProcessIdentity;
  readonly startedAt: number;
  /** Aborted when the process has ended. */
  readonly ended: AbortController;
  /** How it ended, once it has. */
  ending: string;
}

/** One service's child process: started, adopted, restarted when it ends unasked, stopped. */
export class SupervisedProcess {
  readonly #service: string;
  readonly #note: string;
  readonly #output: OutputFile;
  readonly #clock: Clock;
  readonly #timing: ProcessTiming;
  readonly #listener: SupervisorListener;
  #running: Running | undefined;
  /** Set while a restart is waited for; aborting it gives the restart up. */
  #waiting: AbortController | undefined;
  #failures = 0;
  #restarts = 0;
  #detail = '';

  constructor(
    service: string,
    directory: string,
    options: {
      readonly clock: Clock;
      readonly timing: ProcessTiming;
      readonly listener: SupervisorListener;
      readonly redactor?: (() => Redactor) | undefined;
    },
  ) {
    this.#service = service;
    this.#note = noteOf(directory, service);
    this.#clock = options.clock;
    this.#timing = options.timing;
    this.#listener = options.listener;
    const told = (line: string) => options.listener.processOutput(service, line);
    this.#output = new OutputFile(join(directory, `${service}.out`), told, options.redactor);
  }

  status(): ProcessStatus {
    const state = this.#running
      ? 'running'
      : this.#waiting
        ? 'starting'
        : this.#detail
          ? 'failed'
          : 'stopped';
    return {
      state,
      detail: this.#detail,
      startedAt: this.#running?.startedAt ?? null,
      pid: this.#running?.identity.pid ?? null,
      restarts: this.#restarts,
    };
  }

  recent(): readonly string[] {
    return this.#output.recent();
  }

  /** Takes over the process that an earlier agent left; false when there is none. */
  adopt(spec: ProcessSpec): boolean {
    const left = this.#running ? undefined : readNote(this.#note);
    if (left === undefined || !isAlive(left)) return false;
    this.#takeOver(left, spec);
    return true;
  }

  /** Takes over the process that an earlier agent left, or starts one; failing to start is retried. */
  async resume(spec: ProcessSpec): Promise<void> {
    if (this.adopt(spec)) return;
    const left = readNote(this.#note);
    if (left !== undefined) await this.#endGroup(left);
    this.#launchAgain(spec, 0);
  }

  /** Starts it unless it runs; rejects with its last words when it ends at once. */
  async start(spec: ProcessSpec): Promise<void> {
    this.#giveUpRestart();
    if (this.#running || this.adopt(spec)) return;
    this.#failures = 0;
    await this.#launch(spec);
  }

  async reload(spec: ProcessSpec): Promise<void> {
    if (!this.#running) return this.start(spec);
    if (spec.reloadSignal === undefined) return this.restart(spec);
    process.kill(this.#running.identity.pid, spec.reloadSignal);
  }

  async restart(spec: ProcessSpec): Promise<void> {
    await this.stop(spec);
    await this.start(spec);
  }

  async stop(spec: ProcessSpec): Promise<void> {
    this.#giveUpRestart();
    const running = this.#running ?? this.#takeLeftover();
    this.#running = undefined;
    this.#detail = '';
    if (running !== undefined) {
      signalProcess(running.identity, spec.stopSignal);
      await this.#waitForEnd(running, spec.stopTimeoutMs);
      await this.#endGroup(running.identity);
      this.#listener.processChanged(this.#service);
    }
    await rm(this.#note, { force: true });
    this.#output.drain();
  }

  /** Looks after the process no longer; the process itself goes on. */
  close(): void {
    this.#giveUpRestart();
    const running = this.#running;
    this.#running = undefined;
    running?.ended.abort();
    this.#output.close();
  }

  /** A process that an earlier agent left and nobody asked to resume. */
  #takeLeftover(): Running | undefined {
    const left = readNote(this.#note);
    return left !== undefined && isAlive(left) ? this.#watch(left) : undefined;
  }

  #takeOver(identity: ProcessIdentity, spec: ProcessSpec): void {
    const running = this.#watch(identity);
    this.#running = running;
    this.#detail = '';
    running.ended.signal.addEventListener('abort', () => void this.#ended(running, spec));
    this.#listener.processChanged(this.#service);
  }

  /** Looks after a process that isn't our child: its end is only seen by looking. */
  #watch(identity: ProcessIdentity): Running {
    const ended = new AbortController();
    const running: Running = {
      identity,
      startedAt: startTime(identity, this.#clock.now()),
      ended,
      ending: '',
    };
    const look = async () => {
      while (!ended.signal.aborted && isAlive(identity)) {
        await this.#clock.sleep(this.#timing.pollMs, ended.signal);
      }
      running.ending ||= 'it ended';
      ended.abort();
    };
    void look();
    return running;
  }

  async #launch(spec: ProcessSpec, givenUp?: AbortSignal): Promise<void> {
    await prepareLaunch(spec);
    if (givenUp?.aborted) throw new StepError('the start was given up');
    this.#output.reset();
    const child = launch(spec, this.#note, this.#output.descriptor);
    const ended = new AbortController();
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (identity === undefined) throw new StepError(`${spec.command?.[0]} couldn't be started`);
    const running: Running = { identity, startedAt: this.#clock.now(), ended, ending: '' };
    child.on('exit', (code, signal) => {
      running.ending = signal === null ? `it exited with ${code}` : `it was ended by ${signal}`;
      ended.abort();
    });
    this.#running = running;
    this.#detail = '';
    await this.#clock.sleep(this.#timing.settleMs, ended.signal);
    if (ended.signal.aborted) await this.#startFailed(running, spec);
    running.ended.signal.addEventListener('abort', () => void this.#ended(running, spec));
    this.#listener.processChanged(this.#service);
  }

  async #startFailed(running: Running, spec: ProcessSpec): Promise<never> {
    if (this.#running === running) {
      this.#running = undefined;
      this.#detail = running.ending;
    }
    await this.#endGroup(running.identity);
    this.#listener.processChanged(this.#service);
    const name = spec.command?.[0] ?? 'the process';
    throw new StepError(`${name} didn't stay up: ${running.ending}`, this.#output.recent());
  }

  /** It ended unasked: its remains are removed, then it is started again after the backoff. */
  async #ended(running: Running, spec: ProcessSpec): Promise<void> {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#detail = running.ending;
    this.#restarts += 1;
    this.#output.drain();
    const stable = this.#clock.now() - running.startedAt >= this.#timing.stableMs;
    this.#failures = stable ? 1 : this.#failures + 1;
    this.#launchAgain(spec, backoffDelay(this.#failures, this.#timing), running.identity);
  }

  #launchAgain(spec: ProcessSpec, delayMs: number, remains?: ProcessIdentity): void {
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#listener.processChanged(this.#service);
    const again = async () => {
      try {
        if (remains !== undefined) await this.#endGroup(remains);
        await this.#clock.sleep(delayMs, waiting.signal);
        if (waiting.signal.aborted) return;
        await this.#launch(spec, waiting.signal);
        if (this.#waiting === waiting) this.#waiting = undefined;
        this.#listener.processChanged(this.#service);
      } catch (thrown) {
        if (waiting.signal.aborted) return;
        this.#detail = StepError.of(thrown).message;
        this.#failures += 1;
        this.#restarts += 1;
        this.#launchAgain(spec, backoffDelay(this.#failures, this.#timing));
      }
    };
    void again();
  }

  #giveUpRestart(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
  }

  async #waitForEnd(running: Running, timeoutMs: number): Promise<void> {
    const deadline = this.#clock.elapsed() + timeoutMs;
    while (isAlive(running.identity) && this.#clock.elapsed() < deadline) {
      await this.#clock.sleep(50, running.ended.signal);
      // An aborted signal makes sleep return at once; the kernel may still need a moment.
      if (running.ended.signal.aborted) break;
    }
    running.ended.abort();
  }

  /** Ends what is left of a process's group: workers that outlived their parent hold its sockets. */
  async #endGroup(leader: ProcessIdentity): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (let waited = 0; waited < 2000; waited += 50) {
        if (isReused(leader) || !groupLives(leader.pid)) return;
        if (waited === 0) killGroup(leader.pid, signal);
        await this.#clock.sleep(50);
      }
    }
  }
}

function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isAlive(identity)) process.kill(identity.pid, signal);
}

/** Clock ticks are hundredths of a second for every user of Linux's /proc (sysconf(_SC_CLK_TCK) is 100). */
function startTime(identity: ProcessIdentity, now: number): number {
  return Math.round(now - uptime() * 1000 + Number(identity.startTicks) * 10);
}
