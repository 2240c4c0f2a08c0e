import type { Drift, DriftPolicy } from '@shoal/common';
import { formatDuration } from '@shoal/common';
import type { FoundDrift, StepName } from './drift-finder.js';
import { keyOf } from './drift-finder.js';

/** So many repairs of one step within `flappingMs` that didn't last, and it is left. */
const mostRepairs = 3;
const flappingMs = 600_000;
/** The wait after a repair that failed; doubled each time. */
const retry = { firstMs: 60_000, mostMs: 1_800_000 };
/** What is told of differences, in characters: of one, and of all together. */
const shown = { each: 4000, all: 16_000 };

/** A step that doesn't hold, and since when. */
export interface KnownDrift extends FoundDrift {
  readonly since: number;
}

/** The same, and whether it counts yet. */
export interface Standing extends KnownDrift {
  readonly confirmed: boolean;
}

interface History {
  /** When it was repaired by policy, within the last `flappingMs`. */
  repairs: readonly number[];
  /** It came back too often; until it held for `flappingMs`, or an operator had it repaired. */
  flapping: boolean;
  /** When it last didn't hold. */
  lastSeen: number;
  failures: number;
  retryAt: number;
  detail: string;
}

/**
 * What drifted, since when, and what is to be done about it: decides by what was found, the policies and the time, and does nothing itself.
 * All times are milliseconds since the epoch.
 */
export class DriftLedger {
  #standing: readonly Standing[] = [];
  readonly #histories = new Map<string, History>();
  #repairing: ReadonlySet<string> = new Set();
  readonly #confirmMs: number;

  /** `confirmMs`: what doesn't hold has to be seen that long before it counts. */
  constructor(confirmMs: number) {
    this.#confirmMs = confirmMs;
  }

  /** What an earlier agent found counts until it is looked at again. */
  restore(found: readonly KnownDrift[]): void {
    this.#standing = found.map((drift) => ({ ...drift, confirmed: true }));
  }

  /** What counts now, to be restored by a later agent. */
  get known(): readonly KnownDrift[] {
    return this.#standing
      .filter(({ confirmed }) => confirmed)
      .map(({ service, step, difference, since }) => ({ service, step, difference, since }));
  }

  /** Takes in everything that doesn't hold now. */
  saw(found: readonly FoundDrift[], now: number): void {
    const before = new Map(this.#standing.map((drift) => [keyOf(drift), drift]));
    this.#standing = found.map((drift) => {
      const since = before.get(keyOf(drift))?.since ?? now;
      const confirmed = before.get(keyOf(drift))?.confirmed === true || now - since >= this.#confirmMs;
      return { ...drift, since, confirmed };
    });
    for (const drift of this.#standing) {
      const history = this.#histories.get(keyOf(drift));
      if (history === undefined) continue;
      history.lastSeen = now;
      if (!drift.confirmed) continue;
      history.repairs = history.repairs.filter((at) => now - at < flappingMs);
      if (history.repairs.length >= mostRepairs) history.flapping = true;
    }
    this.#forgetOld(now);
  }

  /** Steps that were seen once and have to be looked at again before they count. */
  get suspected(): readonly FoundDrift[] {
    return this.#standing.filter(({ confirmed }) => !confirmed);
  }

  /** What is to be repaired now, by its service's policy. */
  due(policyOf: (service: string) => DriftPolicy, now: number): readonly Standing[] {
    return this.#standing.filter((drift) => {
      const history = this.#histories.get(keyOf(drift));
      const mayBe = history === undefined || (!history.flapping && now >= history.retryAt);
      return drift.confirmed && mayBe && policyOf(drift.service) === 'repair';
    });
  }

  /** A repair of these steps waits or is under way, until it ended. */
  repairing(steps: readonly StepName[]): void {
    this.#repairing = new Set(steps.map(keyOf));
  }

  /** They were put back. What operators ask for isn't counted, and ends what was held against a step. */
  repaired(steps: readonly StepName[], by: 'policy' | 'operator', now: number): void {
    this.#repairing = new Set();
    const keys = new Set(steps.map(keyOf));
    this.#standing = this.#standing.filter((drift) => !keys.has(keyOf(drift)));
    for (const key of keys) {
      if (by === 'operator') {
        this.#histories.delete(key);
        continue;
      }
      const history = this.#historyOf(key, now);
      Object.assign(history, { repairs: [...history.repairs, now], failures: 0, retryAt: 0, detail: '' });
    }
  }

  /** The repair of these steps failed, and was undone. */
  failed(steps: readonly StepName[], message: string, now: number): void {
    this.#repairing = new Set();
    for (const step of steps) {
      const history = this.#historyOf(keyOf(step), now);
      history.failures += 1;
      history.retryAt = now + Math.min(retry.firstMs * 2 ** (history.failures - 1), retry.mostMs);
      history.detail = message;
    }
  }

  /** Another manifest was converged: everything holds, and nothing that was counts any more. */
  clear(): void {
    this.#standing = [];
    this.#histories.clear();
    this.#repairing = new Set();
  }

  /** What counts, for the report. */
  report(policyOf: (service: string) => DriftPolicy): Drift[] {
    let left = shown.all;
    return this.#standing
      .filter(({ confirmed }) => confirmed)
      .map((drift) => {
        const difference = cut(drift.difference, Math.min(shown.each, left));
        left = Math.max(0, left - difference.length);
        const { service, step, since } = drift;
        const policy = policyOf(service);
        return { service, step, sinceMs: since, difference, policy, ...this.#stateOf(drift, policy) };
      });
  }

  #stateOf(drift: StepName, policy: DriftPolicy): Pick<Drift, 'state' | 'detail' | 'retryAtMs'> {
    const history = this.#histories.get(keyOf(drift));
    if (this.#repairing.has(keyOf(drift))) return { state: 'repairing', detail: '', retryAtMs: 0 };
    if (policy === 'report') return { state: 'left', detail: history?.detail ?? '', retryAtMs: 0 };
    if (history?.flapping === true) {
      const times = `repaired ${mostRepairs} times within ${formatDuration(flappingMs)}`;
      return { state: 'flapping', detail: `${times}, and it came back each time`, retryAtMs: 0 };
    }
    if (history !== undefined && history.failures > 0) {
      return { state: 'failed', detail: history.detail, retryAtMs: history.retryAt };
    }
    return { state: 'repairing', detail: '', retryAtMs: 0 };
  }

  #historyOf(key: string, now: number): History {
    const known = this.#histories.get(key);
    if (known !== undefined) return known;
    const fresh = { repairs: [], flapping: false, lastSeen: now, failures: 0, retryAt: 0, detail: '' };
    this.#histories.set(key, fresh);
    return fresh;
  }

  #forgetOld(now: number): void {
    for (const [key, history] of this.#histories) {
      if (now - history.lastSeen >= flappingMs) this.#histories.delete(key);
    }
  }
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}\n[cut]`;
}
