import type { GossipEvent } from '../../core/index.js';
import type { SimNode } from '../sim-node.js';
import type { Watcher, World } from '../world.js';

/** Lines kept; older ones make room. */
const MAX_LINES = 50_000;

interface Entry {
  at: number;
  observer: string;
  subject: string;
  text: () => string;
}

/** What a trace is cut down to. */
export interface TraceFilter {
  /** Only lines that name one of these nodes, and the faults. */
  readonly nodes?: readonly string[];
  /** Only lines up to this virtual time, ms. */
  readonly until?: number;
  /** Only this many of the last of those lines. */
  readonly last?: number;
}

/** Writes down what happens in a world, to be read by people when something is wrong. */
export class Trace implements Watcher {
  readonly #world: World;
  #entries: Entry[] = [];

  constructor(world: World) {
    this.#world = world;
    world.watch(this);
  }

  /** Adds a line about the world as a whole. */
  note(text: string): void {
    this.#add('', '', () => `== ${text}`);
  }

  heard(node: SimNode, event: GossipEvent): void {
    const { name } = node;
    if (event.kind === 'member') {
      const { change, from } = event;
      const { incarnation } = event.node;
      const source = from === event.node.name || from === name ? '' : `, says ${from}`;
      const subject = event.node.name;
      this.#add(name, subject, () => `${name}: ${change} ${subject} at incarnation ${incarnation}${source}`);
    } else if (event.kind === 'warning') {
      const { warning, detail } = event;
      this.#add(name, '', () => `${name}: warning ${warning}: ${detail}`);
    } else if (event.kind === 'synced' && event.error !== undefined) {
      const { to, error } = event;
      this.#add(name, '', () => `${name}: exchange with ${to.host} failed: ${error}`);
    }
  }

  /** The lines that pass the filter, in order of time. */
  lines(filter: TraceFilter = {}): string[] {
    const { nodes, until = Number.POSITIVE_INFINITY, last = MAX_LINES } = filter;
    const wanted = (entry: Entry): boolean =>
      entry.at <= until &&
      (entry.observer === '' || !nodes || nodes.includes(entry.observer) || nodes.includes(entry.subject));
    return this.#entries
      .filter(wanted)
      .slice(-last)
      .map(({ at, text }) => `${(at / 1000).toFixed(3).padStart(9)} s  ${text()}`);
  }

  #add(observer: string, subject: string, text: () => string): void {
    this.#entries.push({ at: this.#world.now, observer, subject, text });
    if (this.#entries.length > 2 * MAX_LINES) this.#entries = this.#entries.slice(-MAX_LINES);
  }
}
