import type { Address } from '../address.js';
import { sameBytes } from '../wire/bytes.js';
import type { NodeState } from '../wire/stream-types.js';
import { hashOf } from './name-hash.js';

/** What a node says about itself, apart from its incarnation. Never changed, only replaced. */
export interface Facts {
  /** The address bytes exactly as they were received. */
  readonly addr: Uint8Array;
  readonly address: Address;
  readonly meta: Uint8Array | null;
  readonly vsn: Uint8Array | null;
}

interface HeldFacts {
  readonly facts: Facts;
  holders: number;
  /** The last state that was made of them. */
  state: NodeState | undefined;
}

interface Entry {
  readonly id: number;
  readonly name: string;
  holders: number;
  /** Facts that some table holds, by slot; a free slot is undefined. */
  readonly slots: (HeldFacts | undefined)[];
}

/**
 * Names and facts of nodes, each kept once, as small numbers that tables hold in their columns. A table of its own is
 * what a real node needs; the nodes of a simulation share one. What nobody holds any more is dropped, and its number
 * given to the next that comes.
 */
export class Directory {
  readonly #byName = new Map<string, Entry>();
  readonly #byId: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #hashes: number[] = [];
  /** The version bytes that were seen last. */
  #vsn: Uint8Array | null = null;

  /** How many numbers are or were in use; each number given out is below. */
  get size(): number {
    return this.#byId.length;
  }

  /** The number of a name that somebody holds. */
  find(name: string): number | undefined {
    return this.#byName.get(name)?.id;
  }

  /** The name of a number that somebody holds. */
  name(id: number): string {
    return this.#entry(id).name;
  }

  /** Where a number's name stands on the ring, an unsigned 32-bit number. */
  hash(id: number): number {
    return this.#hashes[id] ?? 0;
  }

  /** Holds a name: its number stays the same until `release` was called as often as this. */
  hold(name: string): number {
    let entry = this.#byName.get(name);
    if (!entry) {
      entry = { id: this.#free.pop() ?? this.#byId.length, name, holders: 0, slots: [] };
      this.#byName.set(name, entry);
      this.#byId[entry.id] = entry;
      this.#hashes[entry.id] = hashOf(name);
    }
    entry.holders++;
    return entry.id;
  }

  release(id: number): void {
    const entry = this.#entry(id);
    entry.holders--;
    if (entry.holders > 0) return;
    this.#byName.delete(entry.name);
    this.#byId[id] = undefined;
    this.#free.push(id);
  }

  /** Facts of a node by their slot. */
  facts(id: number, slot: number): Facts {
    return this.#held(id, slot).facts;
  }

  /** Holds facts of a node, as `hold` does its name; returns their slot, a small number that only this node has. */
  holdFacts(id: number, facts: Facts): number {
    const { slots } = this.#entry(id);
    let slot = slots.findIndex((held) => held && sameFacts(held.facts, facts));
    if (slot < 0) {
      slot = slots.indexOf(undefined);
      if (slot < 0) slot = slots.length;
      slots[slot] = { facts: this.#withSharedVersions(facts), holders: 0, state: undefined };
    }
    this.#held(id, slot).holders++;
    return slot;
  }

  /** Holds a name and facts of it once more that somebody holds already. */
  holdBoth(id: number, slot: number): void {
    this.#entry(id).holders++;
    this.#held(id, slot).holders++;
  }

  releaseFacts(id: number, slot: number): void {
    const held = this.#held(id, slot);
    held.holders--;
    if (held.holders === 0) this.#entry(id).slots[slot] = undefined;
  }

  /** A node's state for the wire: the one made last, as long as it is still right. Not to be changed. */
  state(id: number, slot: number, incarnation: number, state: number): NodeState {
    const held = this.#held(id, slot);
    if (held.state?.incarnation !== incarnation || held.state.state !== state) {
      const { addr, address, meta, vsn } = held.facts;
      held.state = { name: this.name(id), addr, port: address.port, meta, incarnation, state, vsn };
    }
    return held.state;
  }

  /** Almost always all nodes of a cluster have the same versions: six bytes that cost two hundred if kept for each. */
  #withSharedVersions(facts: Facts): Facts {
    if (facts.vsn === this.#vsn) return facts;
    if (facts.vsn && sameBytes(facts.vsn, this.#vsn)) return { ...facts, vsn: this.#vsn };
    this.#vsn = facts.vsn;
    return facts;
  }

  #held(id: number, slot: number): HeldFacts {
    const held = this.#entry(id).slots[slot];
    if (!held) throw new RangeError(`node ${id} has no facts in slot ${slot}`);
    return held;
  }

  #entry(id: number): Entry {
    const entry = this.#byId[id];
    if (!entry) throw new RangeError(`nobody holds node ${id}`);
    return entry;
  }
}

/** Says whether two facts are the same, down to the bytes of the address. */
function sameFacts(a: Facts, b: Facts): boolean {
  const sameAddress = a.address.port === b.address.port && sameBytes(a.addr, b.addr);
  return sameAddress && sameBytes(a.meta, b.meta) && sameBytes(a.vsn, b.vsn);
}
