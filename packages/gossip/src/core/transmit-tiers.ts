import type { Part } from './wire/part.js';

/** Something that waits to be sent several times. */
export interface QueueItem {
  /** Node that the update is about, or '' for a user message, which nothing replaces. */
  readonly key: string;
  readonly part: Part;
  /** Length on the wire. */
  readonly bytes: number;
  /** Grows with each item, so that a newer one is always recognized as newer. */
  readonly id: number;
  /** Told once: when the item has been sent often enough, was replaced or dropped. */
  readonly finished: (() => void) | undefined;
  /** How often it was sent. Changed by TransmitTiers alone. */
  transmits: number;
}

/**
 * Items in the order in which they are to be sent: those sent less often first, then longer ones (short ones fill
 * the gaps), then newer ones. A sorted list, so that taking a few items costs about as much however many wait.
 */
export class TransmitTiers {
  readonly #items: QueueItem[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: QueueItem): void {
    this.#items.splice(this.#placeOf(item), 0, item);
  }

  remove(item: QueueItem): void {
    this.#items.splice(this.#placeOf(item), 1);
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
    for (let at = 0; picked.length < most; ) {
      const item = this.#items[at];
      if (!item) break;
      if (item.bytes > left) {
        at = this.#nextWithin(at, item.transmits, left);
        continue;
      }
      picked.push(item);
      left -= item.bytes + overhead;
      at++;
    }
    return picked;
  }

  /** The one that is last in the order. */
  last(): QueueItem | undefined {
    return this.#items.at(-1);
  }

  /** Where an item stands or belongs. */
  #placeOf(item: QueueItem): number {
    return this.#search(0, (other) => {
      const order = other.transmits - item.transmits || item.bytes - other.bytes || item.id - other.id;
      return order < 0;
    });
  }

  /** The first place from `start`, in a tier, whose item is short enough, or else the beginning of the next tier. */
  #nextWithin(start: number, tier: number, bytes: number): number {
    return this.#search(start, (other) => other.transmits === tier && other.bytes > bytes);
  }

  /** The first place from `start` whose item is not `before` what is looked for, by bisection. */
  #search(start: number, before: (item: QueueItem) => boolean): number {
    let low = start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = this.#items[middle];
      if (item && before(item)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
