import type { SimNode } from '../sim-node.js';
import type { ProcessChange, World } from '../world.js';

/** Since when something is at peace: no fault is at work on it. */
class Peace {
  #faults = 0;
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  disturb(): void {
    this.#faults++;
  }

  settle(now: number): void {
    this.#faults = Math.max(0, this.#faults - 1);
    this.#since = now;
  }

  /** Time of the last fault's end, or never if one is at work. */
  get since(): number {
    return this.#faults > 0 ? Number.POSITIVE_INFINITY : this.#since;
  }
}

/** What really happens to the node of one name. */
export interface Fate {
  readonly id: number;
  readonly name: string;
  /** The newest process. */
  node: SimNode;
  startedAt: number;
  /** Undefined while it runs. */
  stoppedAt: number | undefined;
  /** When this process began to say goodbye. */
  leavingAt: number | undefined;
  /** When its goodbye was done. */
  leftAt: number | undefined;
  /** When any process of that name last began to say goodbye. */
  everLeavingAt: number | undefined;
  /** Greatest incarnation of all processes before this one. */
  pastIncarnation: number;
  peace: Peace;
}

/** What is true in a world, beside what its nodes believe of it. */
export class Truth {
  readonly #world: World;
  readonly #fates: Fate[] = [];
  readonly #byName = new Map<string, Fate>();
  readonly #network = new Peace(0);

  constructor(world: World) {
    this.#world = world;
    for (const node of world.nodes) this.changed(node, 'start');
  }

  /** In the order of their first start. */
  get fates(): readonly Fate[] {
    return this.#fates;
  }

  of(name: string): Fate | undefined {
    return this.#byName.get(name);
  }

  /** A fault begins to work on some nodes, or on the network as a whole. */
  disturb(names: readonly string[] | 'network'): void {
    for (const peace of this.#peaces(names)) peace.disturb();
  }

  /** It has ended. */
  settle(names: readonly string[] | 'network'): void {
    for (const peace of this.#peaces(names)) peace.settle(this.#world.now);
  }

  /** True if the network and all these have been left in peace since then. */
  calm(since: number, ...fates: readonly Fate[]): boolean {
    return this.#network.since <= since && fates.every((fate) => fate.peace.since <= since);
  }

  /** Belongs to the cluster: runs and has not begun to leave. */
  isMember(fate: Fate): boolean {
    return fate.stoppedAt === undefined && fate.leavingAt === undefined;
  }

  /** Greatest incarnation that the node ever had. */
  incarnation(fate: Fate): number {
    return Math.max(fate.pastIncarnation, fate.node.core.self.incarnation);
  }

  /** Takes note of what was done to a process. */
  changed(node: SimNode, change: ProcessChange): void {
    if (change === 'start') this.#start(node);
    const fate = this.of(node.name);
    if (fate?.node !== node) return;
    if (change === 'stop') fate.stoppedAt ??= this.#world.now;
    else if (change === 'leave') this.leaving(node);
    else if (change === 'pause' || change === 'slow') fate.peace.disturb();
    else if (change === 'resume' || change === 'quick') fate.peace.settle(this.#world.now);
  }

  /** Takes note that a process began to say goodbye. */
  leaving(node: SimNode): void {
    const fate = this.of(node.name);
    if (fate?.node !== node) return;
    fate.leavingAt ??= this.#world.now;
    fate.everLeavingAt = fate.leavingAt;
  }

  /** Takes note that its goodbye is done. */
  left(node: SimNode): void {
    const fate = this.of(node.name);
    if (fate?.node === node) fate.leftAt ??= this.#world.now;
  }

  #start(node: SimNode): void {
    const { now } = this.#world;
    const fresh = {
      ...{ node, startedAt: now, peace: new Peace(now) },
      ...{ stoppedAt: undefined, leavingAt: undefined, leftAt: undefined },
    };
    const before = this.of(node.name);
    if (before) {
      Object.assign(before, { ...fresh, pastIncarnation: this.incarnation(before) });
      return;
    }
    const { name, place } = node;
    const fate: Fate = { ...fresh, id: place.id, name, everLeavingAt: undefined, pastIncarnation: 0 };
    this.#fates.push(fate);
    this.#byName.set(name, fate);
  }

  #peaces(names: readonly string[] | 'network'): Peace[] {
    if (names === 'network') return [this.#network];
    return names.flatMap((name) => this.of(name)?.peace ?? []);
  }
}
