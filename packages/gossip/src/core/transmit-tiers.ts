import type { Part } from './wire/part.js';

/** Something that waits to be sent several times. */
export interface QueueItem {
  /** Node that the update is about, or '' for a user message, which nothing replaces. */
  readonly key: string;
  readonly part: Part;
  /** Grows with each item, so that a newer one is always recognized as newer. */
  readonly id: number;
  /** Told once: when the item has been sent often enough, was replaced or dropped. */
  readonly finished: (() => void) | undefined;
  /** How often it was sent. Changed by TransmitTiers alone. */
  transmits: number;
}

/**
 * Items in the order in which they are to be sent: those sent less often first, then longer ones (short ones fill
 * the gaps), then newer ones. One sorted list for each number of transmissions, so that taking a few items costs
 * about as much however many wait.
 */
export class TransmitTiers {
  readonly #tiers: QueueItem[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: QueueItem): void {
    while (this.#tiers.length <= item.transmits) this.#tiers.push([]);
    const tier = this.#tierOf(item);
    tier.splice(placeOf(tier, item), 0, item);
    this.#size++;
  }

  remove(item: QueueItem): void {
    const tier = this.#tierOf(item);
    tier.splice(placeOf(tier, item), 1);
    this.#size--;
  }

  /** Counts one transmission of an item. */
  sent(item: QueueItem): void {
    this.remove(item);
    item.transmits++;
    this.add(item);
  }

  /** At most `most` items that fit into `room` bytes together, each costing `overhead` bytes more. */
  pick(room: number, overhead: number, most: number): QueueItem[] {
    const picked: QueueItem[] = [];
    let left = room - overhead;
    for (const tier of this.#tiers) {
      for (let at = 0; picked.length < most; at++) {
        at = firstWithin(tier, at, left);
        const item = tier[at];
        if (!item) break;
        picked.push(item);
        left -= item.part.bytes.length + overhead;
      }
    }
    return picked;
  }

  /** The one that is last in the order. */
  last(): QueueItem | undefined {
    return this.#tiers.findLast((tier) => tier.length > 0)?.at(-1);
  }

  #tierOf(item: QueueItem): QueueItem[] {
    return this.#tiers[item.transmits] ?? [];
  }
}

/** Where an item stands, or belongs, in its tier. */
function placeOf(tier: readonly QueueItem[], item: QueueItem): number {
  const { length } = item.part.bytes;
  return search(tier, 0, (other) => {
    const longer = other.part.bytes.length - length;
    return longer > 0 || (longer === 0 && other.id > item.id);
  });
}

/** Index of the first item from `start` on that has at most so many bytes. */
function firstWithin(tier: readonly QueueItem[], start: number, bytes: number): number {
  const next = tier[start];
  if (!next || next.part.bytes.length <= bytes) return start;
  return search(tier, start, (other) => other.part.bytes.length > bytes);
}

/** Index of the first item from `start` on that is not `before` the place looked for, by bisection. */
function search(tier: readonly QueueItem[], start: number, before: (item: QueueItem) => boolean): number {
  let low = start;
  let high = tier.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = tier[middle];
    if (item && before(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
