import { performance } from 'node:perf_hooks';
import type { RenderedService, RenderedStep } from '../render/rendered.js';
import type { StepContext } from '../steps/handler.js';
import { checkStep } from '../steps/run-step.js';
import { fingerprintOf, watchingOf } from './watched.js';

/** A step of a service; both by their names. */
export interface StepName {
  readonly service: string;
  readonly step: string;
}

/** A step that doesn't hold. */
export interface FoundDrift extends StepName {
  readonly difference: string;
}

/** What a look is made with. */
export interface LookOptions {
  readonly contextOf: (service: RenderedService) => StepContext;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Steps whose check is made in any case; `all` of them. */
  readonly surely: ReadonlySet<string> | 'all';
}

interface Known {
  /** Empty: it holds. */
  readonly difference: string;
  /** What the check hung on; undefined: nothing that could be relied on. */
  readonly fingerprint: string | undefined;
  /** Of `performance.now()`, when the check began and how long it took. */
  readonly at: number;
  readonly took: number;
}

/** Checks may take one part in that many of the time: a check that took 50 ms is made again after 10 s. */
const leastRest = 200;

/** The key of a step in sets and maps. */
export function keyOf({ service, step }: StepName): string {
  return `${service}/${step}`;
}

/**
 * Finds the steps that hold no more, by their own checks. A check isn't made again while nothing changed of what it hangs on, and one that takes
 * long is made less often.
 */
export class DriftFinder {
  #known = new Map<string, Known>();

  /** Forgets what was found: an attempt changed the host. */
  reset(): void {
    this.#known = new Map();
  }

  async look(services: readonly RenderedService[], options: LookOptions): Promise<readonly FoundDrift[]> {
    const found: FoundDrift[] = [];
    for (const service of services) {
      const context = options.contextOf(service);
      for (const step of service.steps) {
        const difference = await this.#lookAt(step, context, options);
        if (difference !== '') found.push({ service: service.name, step: step.id, difference });
      }
    }
    return found;
  }

  async #lookAt(step: RenderedStep, context: StepContext, options: LookOptions): Promise<string> {
    const watching = await watchingOf(step, context.service, context.supervisor.kind);
    if (watching === 'never') return '';
    const key = keyOf({ service: context.service.name, step: step.id });
    const fingerprint = watching === 'each-look' ? undefined : await fingerprintOf(watching, options.now());
    const known = this.#known.get(key);
    const surely = options.surely === 'all' || options.surely.has(key);
    if (known !== undefined && !surely && stillTrue(known, fingerprint, watching === 'each-look')) {
      return known.difference;
    }
    const at = performance.now();
    const difference = (await inTransit(step, context)) ? '' : await differenceOf(step, context);
    this.#known.set(key, { difference, fingerprint, at, took: performance.now() - at });
    return difference;
  }
}

function stillTrue(known: Known, fingerprint: string | undefined, eachLook: boolean): boolean {
  if (eachLook) return performance.now() - known.at < known.took * leastRest;
  return fingerprint !== undefined && known.fingerprint === fingerprint;
}

/** A process that starts or stops just now is no drift: its supervisor, or whoever restarts it, is at work. */
async function inTransit(step: RenderedStep, context: StepContext): Promise<boolean> {
  if (step.type !== 'service') return false;
  try {
    const { state, detail } = await context.supervisor.status(context.service.process);
    return state === 'starting' || detail.startsWith('deactivating');
  } catch {
    return false;
  }
}

async function differenceOf(step: RenderedStep, context: StepContext): Promise<string> {
  try {
    const { holds, difference } = await checkStep(step, context);
    return holds ? '' : difference || 'it differs';
  } catch (thrown) {
    return `can't be checked: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
