import type { GossipEvent } from '../../core/index.js';
import { pickSome } from '../../core/random.js';
import type { Detection } from '../invariants/deaths.js';
import type { Violation } from '../invariants/violation.js';
import { Watch } from '../invariants/watch.js';
import { seededRandom } from '../prng.js';
import type { SimNode } from '../sim-node.js';
import { type Watcher, World } from '../world.js';

/** A large cluster with churn. */
export interface ScaleOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Virtual time of churn. */
  readonly minutes: number;
  /** Share of the nodes that goes in each minute; as many others join. */
  readonly churn: number;
  /** Share of all datagrams lost. */
  readonly loss: number;
  /** Hears, once in each virtual minute, how far it is. */
  readonly onMinute?: (minute: number) => void;
}

/** What a run of scale came to. */
export interface ScaleResult {
  readonly nodes: number;
  readonly crashes: number;
  readonly leaves: number;
  readonly joins: number;
  readonly violations: readonly Violation[];
  /** Of each crash. */
  readonly detections: readonly Detection[];
  /** Datagrams and bytes of their payloads that one node sends, each second. */
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Suspicions raised of nodes that ran, by all nodes together, and nodes called dead although they ran. */
  readonly mistakes: { readonly suspected: number; readonly dead: number };
  /** From the last change until all views were the truth, virtual ms. */
  readonly convergedMs: number;
  readonly virtualMs: number;
  /** Tasks of virtual time: deliveries, timers, streams. */
  readonly events: number;
}

/** Of those who go, the share that says goodbye; of the others half take their host along. */
const LEAVE_SHARE = 0.2;

/** Nodes that a joining node is told of. */
const CONTACTS = 3;

const MINUTE_MS = 60_000;

/** Time between looks at whether the views are the truth: in a large world one look takes seconds. */
const CONVERGENCE_STEP_MS = 5000;

/** Plays a settled cluster through minutes of churn and loss, then lets it come to rest. Invariants are judged throughout. */
export function playScale(options: ScaleOptions): ScaleResult {
  const { seed, nodes, minutes, loss } = options;
  const world = new World({ seed, loss, mode: 'objects', record: false });
  const watch = new Watch(world);
  const mistakes = new Mistakes(watch);
  world.watch(mistakes);
  world.settled(nodes);
  const churn = new Churn(world, options);
  churn.begin();
  for (let minute = 1; minute <= minutes; minute++) {
    world.run(MINUTE_MS);
    options.onMinute?.(minute);
  }
  churn.end();
  const perNodeSecond = nodes * minutes * 60;
  const packetsPerSecond = world.packets / perNodeSecond;
  const bytesPerSecond = world.bytes / perNodeSecond;
  world.run(watch.bounds.deathMs);
  const convergedMs = watch.bounds.deathMs + watch.converge(CONVERGENCE_STEP_MS);
  const { crashes, leaves, joins } = churn;
  const { suspected, dead } = mistakes;
  const { violations, detections } = watch;
  return {
    ...{ nodes, crashes, leaves, joins, violations, detections, packetsPerSecond, bytesPerSecond },
    ...{ mistakes: { suspected, dead }, convergedMs, virtualMs: world.now, events: world.scheduler.done },
  };
}

/** Lets nodes come and go at random times. */
class Churn implements Watcher {
  readonly #world: World;
  readonly #random: () => number;
  readonly #meanGapMs: number;
  /** Those that run and stay. */
  readonly #members: SimNode[];
  #next: number;
  #ended = false;
  crashes: number = 0;
  leaves: number = 0;
  joins: number = 0;

  constructor(world: World, { seed, nodes, churn }: ScaleOptions) {
    this.#world = world;
    this.#random = seededRandom(seed ^ nodes);
    this.#meanGapMs = MINUTE_MS / (churn * nodes);
    this.#members = [...world.nodes];
    this.#next = nodes + 1;
  }

  begin(): void {
    this.#world.watch(this);
    for (const act of [() => this.#goOne(), () => this.#joinOne()]) this.#repeat(act);
  }

  end(): void {
    this.#ended = true;
  }

  /** A node that has left ends its process. */
  heard(node: SimNode, event: GossipEvent): void {
    if (event.kind === 'left') this.#world.after(0, () => node.stop());
  }

  #repeat(act: () => void): void {
    if (!Number.isFinite(this.#meanGapMs)) return;
    this.#world.after(-Math.log(1 - this.#random()) * this.#meanGapMs, () => {
      if (this.#ended) return;
      act();
      this.#repeat(act);
    });
  }

  #goOne(): void {
    const at = Math.floor(this.#random() * this.#members.length);
    const node = this.#members[at];
    const last = this.#members.pop();
    if (!node || !last) return;
    if (node !== last) this.#members[at] = last;
    const kind = this.#random();
    if (kind < LEAVE_SHARE) this.#leave(node);
    else {
      this.crashes++;
      if (kind < (1 + LEAVE_SHARE) / 2) node.stop();
      else node.vanish();
    }
  }

  #leave(node: SimNode): void {
    this.leaves++;
    node.leave();
  }

  #joinOne(): void {
    this.joins++;
    const contacts = pickSome(this.#random, this.#members, CONTACTS, () => true);
    const node = this.#world.add(`n${this.#next++}`);
    node.core.setSeeds(contacts.map((contact) => contact.address));
    for (const contact of contacts) node.core.join(contact.address);
    this.#members.push(node);
  }
}

/** Counts what was believed wrongly of nodes that ran. */
class Mistakes implements Watcher {
  readonly #watch: Watch;
  readonly #dead = new Set<string>();
  suspected: number = 0;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  /** Nodes called dead by anybody although they ran. */
  get dead(): number {
    return this.#dead.size;
  }

  heard(node: SimNode, event: GossipEvent): void {
    if (event.kind !== 'member' || (event.change !== 'suspect' && event.change !== 'fail')) return;
    const { truth } = this.#watch;
    const subject = truth.of(event.node.name);
    if (!subject || !truth.isMember(subject)) return;
    if (event.change === 'fail') this.#dead.add(subject.name);
    else if (event.from === node.name) this.suspected++;
  }
}
