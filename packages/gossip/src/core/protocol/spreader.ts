import type { Context } from '../context.js';
import { isActive, type NodeRecord } from '../nodes/node-record.js';
import type { PacketMessage } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';

/** Rounds of gossip. They run only while there is something to tell: an idle cluster has no gossip timer. */
export class Spreader {
  readonly #context: Context;
  readonly #sender: PacketSender;
  #armed = false;
  /** Number of the newest item that the ring successor was told of. */
  #toldSuccessor = -1;

  constructor(context: Context, sender: PacketSender) {
    this.#context = context;
    this.#sender = sender;
  }

  /** Sees to it that a round comes if updates wait and there is somebody to tell. */
  arm(): void {
    const { queue, nodes, host, config } = this.#context;
    if (this.#armed || queue.size === 0 || nodes.size < 2) return;
    this.#armed = true;
    // A random first delay: updates that come out of one event don't make all nodes gossip in the same instant.
    host.schedule(host.random() * config.gossipIntervalMs, { kind: 'gossip' });
  }

  /** One round: a few nodes get a datagram of updates each. */
  timer(): void {
    const { queue, host, config } = this.#context;
    const targets = this.#receivers();
    for (const node of targets) if (!this.#sender.sendUpdates(node)) break;
    this.#armed = queue.size > 0 && targets.length > 0;
    if (this.#armed) host.schedule(config.gossipIntervalMs, { kind: 'gossip' });
  }

  /** Tells a few nodes at once, `first` those named. They pass it on in their rounds. */
  tellAtOnce(message: PacketMessage, first: readonly string[]): void {
    const { config, nodes } = this.#context;
    const receivers = new Map<string, NodeRecord>();
    for (const name of first) {
      const node = nodes.get(name);
      if (node && name !== nodes.self.name) receivers.set(name, node);
    }
    for (const node of this.pick(config.urgentNodes)) {
      if (receivers.size < config.urgentNodes) receivers.set(node.name, node);
    }
    for (const node of receivers.values()) this.#sender.sendExactly([message], node.address, node);
  }

  /**
   * Who is told in this round: random nodes, and of what is new the ring successor besides. In a cluster of 20, each
   * update would miss somebody by mere chance in one of some hundred cases, until the next exchange of states.
   */
  #receivers(): NodeRecord[] {
    const { queue, ring, config } = this.#context;
    const picked = this.pick(config.gossipNodes);
    const successor = queue.newest === this.#toldSuccessor ? undefined : ring.get();
    this.#toldSuccessor = queue.newest;
    if (!successor || picked.some(({ name }) => name === successor.name)) return picked;
    return [successor, ...picked];
  }

  /** Random receivers: active nodes, and nodes that died recently, because they may be wrongly accused. */
  pick(count: number): NodeRecord[] {
    const { host, nodes, config } = this.#context;
    const since = host.now() - config.gossipToTheDeadMs;
    const reachable = (node: NodeRecord): boolean =>
      node.name !== nodes.self.name &&
      (isActive(node) || (node.status === 'dead' && node.changedAt >= since));
    return nodes.pick(count, reachable);
  }
}
