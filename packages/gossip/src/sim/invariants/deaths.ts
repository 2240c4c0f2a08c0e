import type { World } from '../world.js';
import type { Bounds } from './bounds.js';
import type { Fate, Truth } from './truth.js';
import type { Violation } from './violation.js';

/** How fast one crash was found: ms from the crash to the first and to the last node that told of it within the bound. */
export interface Detection {
  readonly subject: string;
  readonly crashedAt: number;
  firstMs: number | undefined;
  lastMs: number | undefined;
  /** Members that still believed in it when the bound had passed, whether that was excused or not. */
  unawareNodes: number;
}

/** Ms from a crash until all members knew of it, or undefined if that took longer than the bound. */
export function knownByAllMs({ lastMs, unawareNodes }: Detection): number | undefined {
  return unawareNodes === 0 ? lastMs : undefined;
}

const isActive = (status: string | undefined): boolean => status === 'alive' || status === 'suspect';

/** Follows each crash until all who could know of it must know. */
export class Deaths {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #bounds: () => Bounds;
  readonly #report: (violation: Violation) => void;
  readonly #open = new Map<string, Detection>();
  /** Of all crashes so far whose node didn't come back meanwhile. */
  readonly detections: Detection[] = [];

  constructor(world: World, truth: Truth, bounds: () => Bounds, report: (violation: Violation) => void) {
    this.#world = world;
    this.#truth = truth;
    this.#bounds = bounds;
    this.#report = report;
  }

  /** A process has stopped. */
  stopped(fate: Fate): void {
    if (fate.leavingAt !== undefined || fate.stoppedAt === undefined) return;
    const { node, stoppedAt } = fate;
    const detection: Detection = {
      subject: fate.name,
      crashedAt: stoppedAt,
      firstMs: undefined,
      lastMs: undefined,
      unawareNodes: 0,
    };
    this.#open.set(fate.name, detection);
    this.#world.after(this.#bounds().deathMs, () => {
      if (fate.node === node) this.#judge(fate, detection);
    });
  }

  /** A node was started; if its last crash was being followed, that ends here. */
  started(fate: Fate): void {
    this.#open.delete(fate.name);
  }

  /** Somebody told that a node is dead, or gone. */
  told(subject: Fate): void {
    const detection = this.#open.get(subject.name);
    if (!detection) return;
    detection.lastMs = this.#world.now - detection.crashedAt;
    detection.firstMs ??= detection.lastMs;
  }

  #judge(fate: Fate, detection: Detection): void {
    this.#open.delete(fate.name);
    this.detections.push(detection);
    for (const observer of this.#truth.fates) {
      if (!this.#truth.isMember(observer) || observer.startedAt > detection.crashedAt) continue;
      const status = observer.node.core.member(fate.name)?.status;
      if (!isActive(status)) continue;
      detection.unawareNodes++;
      if (!this.#truth.calm(detection.crashedAt, observer)) continue;
      this.#report({
        invariant: 'death-known',
        at: this.#world.now,
        observer: observer.name,
        subject: fate.name,
        text: `believed ${status}, but it crashed ${(this.#bounds().deathMs / 1000).toFixed(1)} s ago`,
      });
    }
  }
}
