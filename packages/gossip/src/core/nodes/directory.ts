import type { Address } from '../address.js';
import { sameBytes } from '../wire/bytes.js';

/** What a node says about itself, apart from its incarnation. Never changed, only replaced. */
export interface Facts {
  /** The address bytes exactly as they were received. */
  readonly addr: Uint8Array;
  readonly address: Address;
  readonly meta: Uint8Array | null;
  readonly vsn: Uint8Array | null;
}

interface Held<T> {
  readonly value: T;
  holders: number;
}

interface Entry {
  readonly id: number;
  readonly name: string;
  /** Those that some table holds now; a free place is undefined. */
  readonly facts: (Held<Facts> | undefined)[];
}

/**
 * Names and facts of nodes, each kept once, as small numbers that tables hold in their columns. A table of its own is
 * what a real node needs; the nodes of a simulation share one. What nobody holds any more is dropped, and its number
 * given to the next that comes.
 */
export class Directory {
  readonly #byName = new Map<string, Held<Entry>>();
  readonly #byId: (Entry | undefined)[] = [];
  readonly #free: number[] = [];

  /** How many numbers are or were in use; each number given out is below. */
  get size(): number {
    return this.#byId.length;
  }

  /** The number of a name that somebody holds. */
  find(name: string): number | undefined {
    return this.#byName.get(name)?.value.id;
  }

  /** The name of a number that somebody holds. */
  name(id: number): string {
    return this.#entry(id).name;
  }

  /** Holds a name: its number stays the same until `release` was called as often as this. */
  hold(name: string): number {
    let held = this.#byName.get(name);
    if (!held) {
      held = { value: { id: this.#free.pop() ?? this.#byId.length, name, facts: [] }, holders: 0 };
      this.#byName.set(name, held);
      this.#byId[held.value.id] = held.value;
    }
    held.holders++;
    return held.value.id;
  }

  release(id: number): void {
    const { name } = this.#entry(id);
    const held = this.#byName.get(name);
    if (!held || --held.holders > 0) return;
    this.#byName.delete(name);
    this.#byId[id] = undefined;
    this.#free.push(id);
  }

  /** Facts of a node by their slot. */
  facts(id: number, slot: number): Facts {
    const held = this.#entry(id).facts[slot];
    if (!held) throw new RangeError(`node ${id} has no facts in slot ${slot}`);
    return held.value;
  }

  /** Holds facts of a node, as `hold` does its name; returns their slot, a small number that only this node has. */
  holdFacts(id: number, facts: Facts): number {
    const { facts: slots } = this.#entry(id);
    let slot = slots.findIndex((held) => held && sameFacts(held.value, facts));
    if (slot < 0) {
      slot = slots.indexOf(undefined);
      if (slot < 0) slot = slots.length;
      slots[slot] = { value: facts, holders: 0 };
    }
    this.holdSlot(id, slot);
    return slot;
  }

  /** Holds facts once more that somebody holds already. */
  holdSlot(id: number, slot: number): void {
    const held = this.#entry(id).facts[slot];
    if (held) held.holders++;
  }

  releaseFacts(id: number, slot: number): void {
    const { facts: slots } = this.#entry(id);
    const held = slots[slot];
    if (held && --held.holders === 0) slots[slot] = undefined;
  }

  #entry(id: number): Entry {
    const entry = this.#byId[id];
    if (!entry) throw new RangeError(`nobody holds node ${id}`);
    return entry;
  }
}

/** Says whether two facts are the same, down to the bytes of the address. */
export function sameFacts(a: Facts, b: Facts): boolean {
  const sameAddress = a.address.port === b.address.port && sameBytes(a.addr, b.addr);
  return sameAddress && sameBytes(a.meta, b.meta) && sameBytes(a.vsn, b.vsn);
}
