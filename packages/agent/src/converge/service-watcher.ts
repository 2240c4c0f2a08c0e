import type { ServiceStatus } from '@shoal/common';
import type { ProcessStatus, Supervisor } from '../supervise/supervisor.js';
import type { Clock } from './clock.js';
import type { HealthResult, Probe } from './health.js';
import type { ServiceInForce } from './state.js';

/** How often a service's process is looked at when nothing tells of a change, in milliseconds. */
const processIntervalMs = 15_000;

/** How often it is looked whether all are healthy, while somebody waits for that, in milliseconds. */
const lookForHealthMs = 50;

interface Watched {
  readonly service: ServiceInForce;
  readonly stop: AbortController;
  status: ProcessStatus;
  health: HealthResult | undefined;
  /** The service changes just now: what it answers means nothing to its old health check. */
  changing: boolean;
}

const unknownStatus: ProcessStatus = {
  state: 'stopped',
  detail: '',
  startedAt: null,
  pid: null,
  restarts: 0,
};

/** Looks after the health and the processes of the services in force, and tells when one changes. */
export class ServiceWatcher {
  readonly #supervisor: Supervisor;
  readonly #probe: Probe;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #watched = new Map<string, Watched>();

  constructor(options: { supervisor: Supervisor; probe: Probe; clock: Clock; changed: () => void }) {
    this.#supervisor = options.supervisor;
    this.#probe = options.probe;
    this.#clock = options.clock;
    this.#changed = options.changed;
  }

  /** These services are in force from now on. What is known of those that stay is kept. */
  async watch(services: readonly ServiceInForce[]): Promise<void> {
    const before = this.#watched;
    this.stop();
    this.#watched = new Map(
      services.map((service) => {
        const known = before.get(service.name);
        const { status = unknownStatus, health } = known ?? {};
        return [service.name, { service, stop: new AbortController(), status, health, changing: false }];
      }),
    );
    await Promise.all([...this.#watched.values()].map((watched) => this.#lookAtProcess(watched)));
    for (const watched of this.#watched.values()) {
      void this.#watchHealth(watched);
      void this.#watchProcess(watched);
    }
  }

  stop(): void {
    for (const watched of this.#watched.values()) watched.stop.abort();
  }

  /** Until the next `watch`, this service's health is only what `gateSaw` tells. */
  changing(name: string): void {
    const watched = this.#watched.get(name);
    if (watched !== undefined) watched.changing = true;
  }

  gateSaw(name: string, health: HealthResult): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    // While a gate waits, the service is on its way; only a good answer is news.
    if (health.healthy) this.#setHealth(watched, health);
  }

  /** The supervisor told that a process changed. */
  processChanged(name: string): void {
    const watched = this.#watched.get(name);
    if (watched !== undefined) void this.#lookAtProcess(watched);
  }

  /** Resolves once every service that says how it is is healthy, and at the latest after that many milliseconds. */
  async allUp(withinMs: number, signal: AbortSignal): Promise<void> {
    const end = this.#clock.elapsed() + withinMs;
    const isUp = ({ service, health }: Watched): boolean =>
      service.health === null || health?.healthy === true;
    while (this.#clock.elapsed() < end && !signal.aborted && ![...this.#watched.values()].every(isUp)) {
      await this.#clock.sleep(lookForHealthMs, signal);
    }
  }

  statuses(): ServiceStatus[] {
    return [...this.#watched.values()].map(({ service, status, health }) => ({
      service: service.name,
      process: status.state,
      health: health === undefined ? 'unknown' : health.healthy ? 'healthy' : 'unhealthy',
      detail: [health?.detail, status.detail].filter(Boolean).join('; '),
      startedAtMs: status.startedAt ?? 0,
      restarts: status.restarts,
    }));
  }

  async #watchHealth(watched: Watched): Promise<void> {
    const { service, stop } = watched;
    if (service.health === null) return;
    while (!stop.signal.aborted) {
      if (!watched.changing) {
        const health = await this.#probe(service.health);
        if (!watched.changing && !stop.signal.aborted) this.#setHealth(watched, health);
      }
      await this.#clock.sleep(service.health.intervalMs, stop.signal);
    }
  }

  async #watchProcess(watched: Watched): Promise<void> {
    const { stop } = watched;
    while (!stop.signal.aborted) {
      await this.#clock.sleep(processIntervalMs, stop.signal);
      if (!stop.signal.aborted) await this.#lookAtProcess(watched);
    }
  }

  #setHealth(watched: Watched, health: HealthResult): void {
    const before = watched.health;
    watched.health = health;
    if (before?.healthy === health.healthy && before.detail === health.detail) return;
    this.#changed();
    if (before !== undefined && before.healthy !== health.healthy) void this.#lookAtProcess(watched);
  }

  async #lookAtProcess(watched: Watched): Promise<void> {
    if (!watched.service.supervised) return;
    let status: ProcessStatus;
    try {
      status = await this.#supervisor.status(watched.service.process);
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      status = { ...unknownStatus, detail };
    }
    const before = watched.status;
    watched.status = status;
    if (!watched.stop.signal.aborted && !sameStatus(before, status)) this.#changed();
  }
}

/** systemd's start time is computed from two clocks and may differ by a millisecond each time. */
function sameStatus(a: ProcessStatus, b: ProcessStatus): boolean {
  const startedClose = Math.abs((a.startedAt ?? 0) - (b.startedAt ?? 0)) < 1000;
  return a.state === b.state && a.detail === b.detail && a.restarts === b.restarts && startedClose;
}
