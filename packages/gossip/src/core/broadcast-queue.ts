import { retransmitLimit } from './formulas.js';
import { type QueueItem, TransmitTiers } from './transmit-tiers.js';
import type { PacketMessage, UserMessage } from './wire/message-types.js';
import { type Part, partOf } from './wire/part.js';

/** Most updates held. What is dropped beyond was sent most often, and push-pull mends it. */
const MAX_UPDATES = 1 << 14;

/** Most user messages held; beyond, the one sent most often is dropped. */
const MAX_USER_ITEMS = 1024;

/** Share of a packet that waiting user messages get even while the membership has much to tell. */
const USER_SHARE = 0.25;

/** Updates to be piggybacked, each a limited number of times, in the order of `TransmitTiers`. */
export class BroadcastQueue {
  readonly #retransmitMult: number;
  readonly #nodes: () => number;
  readonly #byNode = new Map<string, QueueItem>();
  readonly #updates = new TransmitTiers();
  readonly #users = new TransmitTiers();
  #nextId = 0;
  /** Packets in a row in which none of the waiting user messages had room. */
  #withoutUsers = 0;

  /** @param nodes how many nodes the cluster has at this moment. */
  constructor(retransmitMult: number, nodes: () => number) {
    this.#retransmitMult = retransmitMult;
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#updates.size + this.#users.size;
  }

  /** Number of the item that was queued last; grows with each. */
  get newest(): number {
    return this.#nextId - 1;
  }

  /** Queues an update about a node in place of any older one about it. */
  update(node: string, message: PacketMessage, finished?: () => void): void {
    const before = this.#byNode.get(node);
    if (before) this.#drop(before);
    const item = this.#item(node, message, finished);
    this.#byNode.set(node, item);
    this.#updates.add(item);
    bound(this.#updates, MAX_UPDATES, (last) => this.#drop(last));
  }

  /** Queues a user message. */
  user(message: UserMessage): void {
    this.#users.add(this.#item('', message, undefined));
    bound(this.#users, MAX_USER_ITEMS, (last) => this.#drop(last));
  }

  /**
   * Takes at most `most` that fit into `room` bytes, each costing `overhead` more. They count as sent unless the
   * receiver is in `doubt`: a small cluster would waste its few transmissions on the very node that is down.
   */
  take(room: number, overhead: number, most: number, doubt: boolean): Part[] {
    if (this.size === 0) return [];
    const updates = this.#updates.pick(room - this.#reserved(room, overhead), overhead, most);
    const users = this.#users.pick(room - spaceOf(updates, overhead), overhead, most - updates.length);
    this.#withoutUsers = this.#users.size > 0 && users.length === 0 ? this.#withoutUsers + 1 : 0;
    const limit = retransmitLimit(this.#retransmitMult, this.#nodes());
    if (!doubt) {
      for (const item of updates) this.#count(item, limit);
      for (const item of users) this.#count(item, limit);
    }
    return [...updates, ...users].map((item) => item.part);
  }

  /** Bytes of a packet kept for user messages. One larger than their share gets its room now and then all the same. */
  #reserved(room: number, overhead: number): number {
    if (this.#users.size === 0) return 0;
    const due = this.#withoutUsers * USER_SHARE >= 1 ? this.#users.pick(room, overhead, 1) : [];
    return Math.max(room * USER_SHARE, spaceOf(due, overhead));
  }

  #item(key: string, message: PacketMessage, finished: (() => void) | undefined): QueueItem {
    const part = partOf(message);
    return { key, part, bytes: part.bytes.length, transmits: 0, id: this.#nextId++, finished };
  }

  #count(item: QueueItem, limit: number): void {
    if (item.transmits + 1 >= limit) this.#drop(item);
    else this.#tiersOf(item).sent(item);
  }

  #drop(item: QueueItem): void {
    this.#tiersOf(item).remove(item);
    this.#byNode.delete(item.key);
    item.finished?.();
  }

  #tiersOf(item: QueueItem): TransmitTiers {
    return item.key === '' ? this.#users : this.#updates;
  }
}

const spaceOf = (items: readonly QueueItem[], overhead: number): number =>
  items.reduce((sum, item) => sum + item.bytes + overhead, 0);

function bound(tiers: TransmitTiers, most: number, drop: (item: QueueItem) => void): void {
  const last = tiers.size > most ? tiers.last() : undefined;
  if (last) drop(last);
}
