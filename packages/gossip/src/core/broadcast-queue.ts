import { retransmitLimit } from './formulas.js';
import type { PacketMessage, UserMessage } from './wire/message-types.js';
import { type Part, partOf } from './wire/part.js';

interface Item {
  /** Node that the update is about, or '' for a user message, which nothing replaces. */
  key: string;
  part: Part;
  transmits: number;
  /** Never reset, so that a newer item is always recognized as newer. */
  id: number;
  /** Told once: when the item has been sent often enough or was replaced. */
  finished: (() => void) | undefined;
}

/** Most user messages held; the oldest is dropped beyond. */
const MAX_USER_ITEMS = 1024;

/** Share of a packet that waiting user messages get even while the membership has much to tell. */
const USER_SHARE = 0.25;

/**
 * Updates to be piggybacked, each a limited number of times. Order: sent less often first, then longer (short ones
 * fill the gaps), then newer.
 */
export class BroadcastQueue {
  readonly #retransmitMult: number;
  readonly #nodes: () => number;
  readonly #updates = new Map<string, Item>();
  readonly #users: Item[] = [];
  #nextId = 0;

  /** @param nodes how many nodes the cluster has at this moment. */
  constructor(retransmitMult: number, nodes: () => number) {
    this.#retransmitMult = retransmitMult;
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#updates.size + this.#users.length;
  }

  /** Queues an update about a node in place of any older one about it. */
  update(node: string, message: PacketMessage, finished?: () => void): void {
    this.#updates.get(node)?.finished?.();
    this.#updates.set(node, { key: node, part: partOf(message), transmits: 0, id: this.#nextId++, finished });
  }

  /** Queues a user message. */
  user(message: UserMessage): void {
    this.#users.push({
      key: '',
      part: partOf(message),
      transmits: 0,
      id: this.#nextId++,
      finished: undefined,
    });
    if (this.#users.length > MAX_USER_ITEMS) this.#users.shift();
  }

  /**
   * Takes at most `most` that fit into `room` bytes, each costing `overhead` more. They count as sent unless the
   * receiver is in `doubt`: a small cluster would waste its few transmissions on the very node that is down.
   */
  take(room: number, overhead: number, most: number, doubt: boolean): Part[] {
    if (this.size === 0) return [];
    const reserved = this.#users.length > 0 ? room * USER_SHARE : 0;
    const updates = fill([...this.#updates.values()], room - reserved, overhead, most);
    const used = updates.reduce((sum, item) => sum + item.part.bytes.length + overhead, 0);
    const users = fill(this.#users, room - used, overhead, most - updates.length);
    const taken = [...updates, ...users];
    const limit = retransmitLimit(this.#retransmitMult, this.#nodes());
    if (!doubt) for (const item of taken) this.#count(item, limit);
    return taken.map((item) => item.part);
  }

  #count(item: Item, limit: number): void {
    item.transmits++;
    if (item.transmits < limit) return;
    if (item.key === '') this.#users.splice(this.#users.indexOf(item), 1);
    else if (this.#updates.get(item.key) === item) this.#updates.delete(item.key);
    item.finished?.();
  }
}

function fill(items: readonly Item[], room: number, overhead: number, most: number): Item[] {
  const total = items.reduce((sum, item) => sum + item.part.bytes.length + overhead, 0);
  if (total <= room && items.length <= most) return [...items];
  const ordered = [...items].sort(
    (a, b) => a.transmits - b.transmits || b.part.bytes.length - a.part.bytes.length || b.id - a.id,
  );
  const taken: Item[] = [];
  let left = room;
  for (const item of ordered) {
    const cost = item.part.bytes.length + overhead;
    if (taken.length === most) break;
    if (cost > left) continue;
    taken.push(item);
    left -= cost;
  }
  return taken;
}
