import { encodeTags, type GossipEvent } from '../../core/index.js';
import { pickSome } from '../../core/random.js';
import type { Watch } from '../invariants/watch.js';
import type { SimNode } from '../sim-node.js';
import type { SimNodeOptions, Watcher, World } from '../world.js';
import type { Fault, ScheduledFault } from './faults.js';

/** From this additional loss on, a storm excuses false verdicts. */
const HEAVY_LOSS = 0.3;

/** Nodes that a joining node is told of. */
const CONTACTS = 3;

/** How long a node that leaves waits for its goodbye to be told. */
const LEAVE_TIMEOUT_MS = 10_000;

type Of<K extends Fault['kind']> = Extract<Fault, { kind: K }>;

/** What ends a fault. */
interface Remedy {
  readonly text: string;
  readonly run: () => void;
}

/**
 * Does to a world what faults say, and undoes it in time. What makes no sense any more (a dead node's freeze) is
 * left out, so that any list of faults can be played.
 */
export class FaultDriver implements Watcher {
  readonly #world: World;
  readonly #watch: Watch;
  readonly #optionsFor: (name: string) => SimNodeOptions;
  readonly #told: (text: string) => void;
  readonly #remedies = new Set<Remedy>();

  /** @param optionsFor where and how a node of that name runs. @param told hears in words of each end of a fault. */
  constructor(
    world: World,
    watch: Watch,
    optionsFor: (name: string) => SimNodeOptions,
    told: (text: string) => void,
  ) {
    this.#world = world;
    this.#watch = watch;
    this.#optionsFor = optionsFor;
    this.#told = told;
    world.watch(this);
  }

  /** Starts a node and lets it join through some of those that run. */
  start(name: string, options: SimNodeOptions = {}): SimNode {
    const world = this.#world;
    const running = [...world.nodes].filter((node) => node.running && node.name !== name);
    const contacts = pickSome(world.random, running, CONTACTS, () => true).map((node) => node.address);
    const node = world.add(name, { ...this.#optionsFor(name), ...options });
    node.core.setSeeds(contacts);
    for (const contact of contacts) node.core.join(contact);
    return node;
  }

  /** Sees to it that the fault strikes at its time from now; `strikes` is called just before. */
  schedule(fault: ScheduledFault, strikes: () => void): void {
    this.#world.after(fault.at, () => {
      strikes();
      this.#strike(fault);
    });
  }

  /** Ends all faults at once; who was to come back comes back now. */
  heal(): void {
    for (const remedy of [...this.#remedies]) this.#apply(remedy);
  }

  /** A node that has left ends its process. */
  heard(node: SimNode, event: GossipEvent): void {
    if (event.kind === 'left') this.#world.after(0, () => node.stop());
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case 'crash':
        this.#crash(fault);
        break;
      case 'leave':
        this.#leave(fault);
        break;
      case 'freeze':
        this.#freeze(fault);
        break;
      case 'slow':
        this.#slow(fault);
        break;
      case 'split':
        this.#split(fault);
        break;
      case 'cut':
        this.#cut(fault);
        break;
      case 'storm':
        this.#storm(fault);
        break;
      case 'retag':
        this.#retag(fault);
        break;
      case 'join':
        this.start(fault.node);
        break;
    }
  }

  #crash(fault: Of<'crash'>): void {
    const node = this.#running(fault.node);
    if (!node) return;
    if (fault.host === 'gone') node.vanish();
    else node.stop();
    this.#return(node, fault);
  }

  #leave(fault: Of<'leave'>): void {
    const node = this.#running(fault.node);
    if (!node) return;
    node.leave();
    this.#later(LEAVE_TIMEOUT_MS, `${node.name} waits no longer for its goodbye`, () => {
      if (node.running) node.stop();
    });
    this.#return(node, fault);
  }

  #return(node: SimNode, fault: Of<'crash' | 'leave'>): void {
    const { backAfterMs, remembers } = fault;
    if (backAfterMs === undefined) return;
    this.#later(backAfterMs, `${node.name} starts again`, () => {
      if (this.#world.node(node.name) !== node) return;
      this.start(node.name, { incarnation: remembers ? node.core.self.incarnation : 0 });
    });
  }

  #freeze({ node: name, forMs }: Of<'freeze'>): void {
    const node = this.#running(name);
    node?.pause();
    if (node) this.#later(forMs, `${name} thaws`, () => node.resume());
  }

  #slow({ node: name, maxMs, forMs }: Of<'slow'>): void {
    const node = this.#running(name);
    node?.slow(maxMs);
    if (node) this.#later(forMs, `${name} is quick again`, () => node.slow(0));
  }

  #retag({ node: name }: Of<'retag'>): void {
    const node = this.#running(name);
    const value = Math.floor(this.#world.random() * 1e6).toString();
    if (node && this.#watch.truth.of(name)?.leavingAt === undefined) node.core.setMeta(encodeTags({ value }));
  }

  #split({ groups, forMs }: Of<'split'>): void {
    const sides = groups.map((group) => this.#nodes(group));
    this.#watch.truth.disturb('network');
    this.#world.partition(...sides);
    this.#later(forMs, 'the split heals', () => {
      for (const side of sides) for (const other of sides) if (side !== other) this.#mend(side, other);
      this.#watch.truth.settle('network');
    });
  }

  #cut({ from, to, oneWay, forMs }: Of<'cut'>): void {
    const [here, there] = [this.#nodes(from), this.#nodes(to)];
    const names = [...from, ...to];
    this.#watch.truth.disturb(names);
    for (const a of here) for (const b of there) this.#world.cut(a, b, oneWay);
    this.#later(forMs, `${from.join(' ')} and ${to.join(' ')} reach each other`, () => {
      this.#mend(here, there);
      if (!oneWay) this.#mend(there, here);
      this.#watch.truth.settle(names);
    });
  }

  #storm({ loss, forMs }: Of<'storm'>): void {
    const heavy = loss >= HEAVY_LOSS;
    if (heavy) this.#watch.truth.disturb('network');
    this.#world.network.setStorm(loss);
    this.#later(forMs, 'the storm is over', () => {
      this.#world.network.setStorm(0);
      if (heavy) this.#watch.truth.settle('network');
    });
  }

  #mend(from: readonly SimNode[], to: readonly SimNode[]): void {
    for (const a of from) for (const b of to) this.#world.network.mend(a.place, b.place);
  }

  #nodes(names: readonly string[]): SimNode[] {
    return names.flatMap((name) => this.#world.node(name) ?? []);
  }

  #running(name: string): SimNode | undefined {
    const node = this.#world.node(name);
    return node?.running ? node : undefined;
  }

  #later(ms: number, text: string, run: () => void): void {
    const remedy = { text, run };
    this.#remedies.add(remedy);
    this.#world.after(ms, () => this.#apply(remedy));
  }

  #apply(remedy: Remedy): void {
    if (!this.#remedies.delete(remedy)) return;
    this.#told(remedy.text);
    remedy.run();
  }
}
