import type { GossipEvent } from '../../core/index.js';
import type { SimNode } from '../sim-node.js';
import type { ProcessChange, Watcher, World } from '../world.js';
import { Beliefs } from './beliefs.js';
import { type Bounds, boundsFor } from './bounds.js';
import { Deaths, type Detection } from './deaths.js';
import { type MemberEvent, RULES, type Telling } from './rules.js';
import { Truth } from './truth.js';
import { differences } from './views.js';
import type { Violation } from './violation.js';

/** User messages that a node's queue may hold beside the updates. */
const MAX_USER_ITEMS = 1024;

/** Each node's queue is looked at once in this time, virtual ms. */
const QUEUE_CHECK_MS = 8000;

/** What a watch is to do. */
export interface WatchOptions {
  /** Bounds to judge by instead of those that follow from the world's parameters. */
  bounds?: Partial<Bounds>;
  /** Called at each violation; the run may go on. */
  onViolation?: (violation: Violation) => void;
}

/**
 * Judges a world by its invariants while it runs: hears what each node tells, knows what is true, and writes down
 * each breach. What a fault may excuse is excused only while it works, and for a bounded time after.
 */
export class Watch implements Watcher {
  readonly truth: Truth;
  readonly violations: Violation[] = [];
  readonly #world: World;
  readonly #options: WatchOptions;
  readonly #beliefs = new Beliefs();
  readonly #deaths: Deaths;
  #bounds: Bounds;
  #boundsOf = 0;
  #mostQueued = 0;
  #nextChecked = 0;

  constructor(world: World, options: WatchOptions = {}) {
    this.#world = world;
    this.#options = options;
    this.truth = new Truth(world);
    this.#bounds = this.bounds;
    this.#deaths = new Deaths(
      world,
      this.truth,
      () => this.bounds,
      (violation) => this.#report(violation),
    );
    world.watch(this);
    this.#checkQueues();
  }

  /** The bounds for as many nodes as the world has had so far. */
  get bounds(): Bounds {
    if (this.#boundsOf !== this.#world.size) {
      this.#boundsOf = this.#world.size;
      this.#bounds = { ...boundsFor(this.#world.config, this.#world.size), ...this.#options.bounds };
    }
    return this.#bounds;
  }

  /** Crashes followed to their end. */
  get detections(): readonly Detection[] {
    return this.#deaths.detections;
  }

  /** Most updates that waited in any queue looked at. */
  get mostQueued(): number {
    return this.#mostQueued;
  }

  /** True if everybody's view is the truth at this moment. */
  isConverged(): boolean {
    return differences(this.truth).next().done === true;
  }

  /** Runs until all views are the truth; one violation for each view that isn't within the bound. Returns ms taken. */
  converge(stepMs: number = 500): number {
    const start = this.#world.now;
    while (!this.isConverged() && this.#world.now - start < this.bounds.convergeMs) this.#world.run(stepMs);
    this.checkViews(`${((this.#world.now - start) / 1000).toFixed(1)} s after the last fault`);
    return this.#world.now - start;
  }

  /** One violation for each view that is not the truth at this moment. */
  checkViews(when: string): void {
    for (const { observer, subject, text } of differences(this.truth)) {
      this.#report({
        invariant: 'views-converge',
        at: this.#world.now,
        observer: observer.name,
        subject,
        text: `${text}, ${when}`,
      });
    }
  }

  /** One violation for each node that still has something to pass on. To be called once all has been quiet. */
  checkDrained(): void {
    for (const fate of this.truth.fates) {
      const { queued } = fate.node.core;
      if (!this.truth.isMember(fate) || queued === 0) continue;
      const text = `${queued} updates still wait although nothing happens any more`;
      this.#report({
        invariant: 'queue-bounded',
        at: this.#world.now,
        observer: fate.name,
        subject: undefined,
        text,
      });
    }
  }

  heard(node: SimNode, event: GossipEvent): void {
    if (event.kind === 'left') this.truth.left(node);
    if (event.kind !== 'member') return;
    if (event.node.name !== node.name) this.#told(node, event);
    else if (event.change === 'leave') this.truth.leaving(node);
  }

  changed(node: SimNode, change: ProcessChange): void {
    this.truth.changed(node, change);
    const fate = this.truth.of(node.name);
    if (fate?.node !== node) return;
    if (change === 'start') {
      this.#beliefs.reset(fate.id);
      this.#deaths.started(fate);
    }
    if (change === 'stop') this.#deaths.stopped(fate);
  }

  #told(node: SimNode, event: MemberEvent): void {
    const observer = this.truth.of(node.name);
    const subject = this.truth.of(event.node.name);
    if (!observer || !subject || observer.node !== node) return;
    const { change, from } = event;
    const { incarnation } = event.node;
    if (change === 'fail' || change === 'leave') this.#deaths.told(subject);
    const { now, config } = this.#world;
    const telling: Telling = {
      now,
      truth: this.truth,
      bounds: this.bounds,
      retentionMs: config.gossipToTheDeadMs,
      change,
      incarnation,
      observer,
      subject,
      source: this.truth.of(from),
      before: this.#beliefs.get(observer.id, subject.id),
    };
    for (const rule of RULES) {
      const text = rule.check(telling);
      if (text !== undefined)
        this.#report({ invariant: rule.name, at: now, observer: observer.name, subject: subject.name, text });
    }
    this.#beliefs.set(observer.id, subject.id, change, incarnation, now);
  }

  /** Looks at a few queues at a time, so that a large world costs little at once. */
  #checkQueues(): void {
    const { fates } = this.truth;
    for (let i = 0; i < fates.length / 8; i++) {
      const fate = fates[this.#nextChecked++ % fates.length];
      if (!fate || fate.stoppedAt !== undefined) continue;
      const { queued } = fate.node.core;
      this.#mostQueued = Math.max(this.#mostQueued, queued);
      if (queued <= this.#world.size + MAX_USER_ITEMS) continue;
      const text = `${queued} updates wait, but there are only ${this.#world.size} nodes`;
      this.#report({
        invariant: 'queue-bounded',
        at: this.#world.now,
        observer: fate.name,
        subject: undefined,
        text,
      });
    }
    this.#world.after(QUEUE_CHECK_MS / 8, () => this.#checkQueues());
  }

  #report(violation: Violation): void {
    this.violations.push(violation);
    this.#options.onViolation?.(violation);
  }
}
