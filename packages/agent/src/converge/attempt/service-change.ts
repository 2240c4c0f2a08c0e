import { formatDuration } from '@shoal/common';
import type { RenderedService, RenderedStep } from '../render/rendered.js';
import { notifyingFiles } from '../service-action.js';
import { disturbs } from './disturbs.js';
import { drainService, undrainService } from './drain.js';
import type { AttemptEnvironment } from './environment.js';
import type { Journal } from './journal.js';
import { observe, trafficBefore } from './observe.js';

/** What surrounds the change of one service: out of load balancers before, back in after, and judged then by its traffic. */
export class ServiceChange {
  readonly #service: RenderedService;
  readonly #journal: Journal;
  readonly #environment: AttemptEnvironment;
  #isDrainDecided = false;
  /** The process before the change: since when it ran, milliseconds since the epoch, and when it was touched, by `Clock.elapsed`. */
  #process: { readonly startedAt: number | null; readonly touchedAt: number } | undefined;

  constructor(service: RenderedService, journal: Journal, environment: AttemptEnvironment) {
    this.#service = service;
    this.#journal = journal;
    this.#environment = environment;
  }

  /** A step is about to change the host. */
  async before(step: RenderedStep): Promise<void> {
    const { name, drain, process } = this.#service;
    await this.#noteProcess(step);
    await noteTraffic(this.#service, this.#journal, this.#environment);
    if (drain === undefined || this.#isDrainDecided) return;
    const future = { name, drain, process, files: notifyingFiles(this.#service) };
    if (!(await disturbs(future, step, this.#environment))) return;
    this.#isDrainDecided = true;
    await drainService(name, drain, this.#journal, this.#environment);
  }

  /** When the process is touched is the last moment at which it surely answered. */
  async #noteProcess(step: RenderedStep): Promise<void> {
    const { clock, supervisor } = this.#environment;
    const { startedAt } = this.#process ?? (await supervisor.status(this.#service.process));
    const touches = step.type === 'service' || step.type === 'package';
    const touchedAt = touches ? clock.elapsed() : (this.#process?.touchedAt ?? clock.elapsed());
    this.#process = { startedAt, touchedAt };
  }

  /** The service changed and has been healthy since then. Throws a StepError when its traffic says that it isn't. */
  async passed(healthySince: number | undefined): Promise<void> {
    await this.#tellGap(healthySince);
    await this.over();
    await observe(this.#service, this.#journal, this.#environment);
  }

  /** A process that was restarted among its requests: for how long nobody answered, at most. */
  async #tellGap(healthySince: number | undefined): Promise<void> {
    const { name, process } = this.#service;
    const { drains, supervisor, event } = this.#environment;
    const before = this.#process;
    if (before === undefined || before.startedAt === null || healthySince === undefined) return;
    if (drains.has(name)) return;
    const { startedAt } = await supervisor.status(process);
    // systemd's start time is computed from two clocks and may differ by a millisecond each time.
    if (startedAt === null || Math.abs(startedAt - before.startedAt) < 100) return;
    const gap = formatDuration(Math.max(0, healthySince - before.touchedAt));
    event(name, 'health', 'output', `restarted in place: it answered nothing for at most ${gap}`);
  }

  /** Nothing of it is changed any more. */
  async over(): Promise<void> {
    await undrainService(this.#service.name, this.#journal, this.#environment);
  }
}

/** What the traffic was like before the first change, once. */
async function noteTraffic(
  service: RenderedService,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  if (journal.trafficBefore(service.name) === undefined) {
    const before = trafficBefore(service, environment);
    if (before !== undefined) await journal.append({ kind: 'traffic', service: service.name, before });
  }
  environment.tried.begins(service.name, environment.clock.now());
}
