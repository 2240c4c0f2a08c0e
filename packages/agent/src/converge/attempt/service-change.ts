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

  constructor(service: RenderedService, journal: Journal, environment: AttemptEnvironment) {
    this.#service = service;
    this.#journal = journal;
    this.#environment = environment;
  }

  /** A step is about to change the host. */
  async before(step: RenderedStep): Promise<void> {
    const { name, drain, process } = this.#service;
    await noteTraffic(this.#service, this.#journal, this.#environment);
    if (drain === undefined || this.#isDrainDecided) return;
    const future = { name, drain, process, files: notifyingFiles(this.#service) };
    if (!(await disturbs(future, step, this.#environment))) return;
    this.#isDrainDecided = true;
    await drainService(name, drain, this.#journal, this.#environment);
  }

  /** The service changed and is healthy. Throws a StepError when its traffic says that it isn't. */
  async passed(): Promise<void> {
    await this.over();
    await observe(this.#service, this.#journal, this.#environment);
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
  if (journal.trafficBefore(service.name) !== undefined) return;
  const before = trafficBefore(service, environment);
  if (before !== undefined) await journal.append({ kind: 'traffic', service: service.name, before });
}
