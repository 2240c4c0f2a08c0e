import type { Context } from '../context.js';
import { retransmitLimit } from '../formulas.js';
import type { Membership } from '../nodes/membership.js';
import { isActive } from '../nodes/node-record.js';
import { encodeLeaveIntent } from '../serf/intents.js';
import type { Accusation, PacketMessage, UserMessage } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import type { Spreader } from './spreader.js';

/**
 * Nodes that are told directly in each round of the goodbye, so that it never waits behind other updates: in
 * memberlist it does, and so times out in large clusters.
 */
const FAREWELLS = 8;

/** Least rounds of the goodbye: a datagram may be lost. */
const LEAST_ROUNDS = 2;

/** Gossip rounds that Serf's intent gets before the leave itself; the other way round Serf would report a failure. */
const INTENT_ROUNDS = 2;

/** The graceful way out: Serf's leave intent, then "I'm dead" about oneself. */
export class Farewell {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #sender: PacketSender;
  readonly #spreader: Spreader;
  #stage: 'staying' | 'announced' | 'leaving' | 'left' = 'staying';
  #goodbye: Accusation | undefined;
  #roundsLeft = 0;

  constructor(context: Context, membership: Membership, sender: PacketSender, spreader: Spreader) {
    this.#context = context;
    this.#membership = membership;
    this.#sender = sender;
    this.#spreader = spreader;
  }

  /** Begins to leave; a `left` event tells when it is done. Further calls do nothing. */
  begin(): void {
    if (this.#stage !== 'staying') return;
    this.#stage = 'announced';
    const { config, host, nodes, lamport, queue } = this.#context;
    if (!config.serf || this.#others() === 0) {
      this.timer();
      return;
    }
    // Serf takes an intent only if it is newer than the last; incarnations grow over restarts, its clock may not.
    const ltime = Math.max(lamport, nodes.self.incarnation) + 1;
    nodes.self.leaving = true;
    nodes.self.intentTime = ltime;
    const intent: UserMessage = { type: 'user', body: encodeLeaveIntent(nodes.self.name, ltime) };
    queue.user(intent);
    this.#tell(intent);
    host.schedule(INTENT_ROUNDS * config.gossipIntervalMs, { kind: 'farewell' });
  }

  /** The current stage, or a round of it, has had its time. */
  timer(): void {
    if (this.#stage === 'announced') this.#leave();
    else if (this.#stage === 'leaving') this.#round();
  }

  #leave(): void {
    this.#stage = 'leaving';
    const { config, nodes } = this.#context;
    // As many are told directly as an update is sent to otherwise, and a round more.
    const sends = retransmitLimit(config.retransmitMult, nodes.active);
    this.#roundsLeft = this.#others() === 0 ? 0 : Math.max(LEAST_ROUNDS, Math.ceil(sends / FAREWELLS) + 1);
    this.#goodbye = this.#membership.leave();
    this.#round();
  }

  #round(): void {
    const { config, host } = this.#context;
    if (!this.#goodbye || this.#roundsLeft === 0) {
      this.#stage = 'left';
      host.notify({ kind: 'left' });
      return;
    }
    this.#roundsLeft--;
    this.#tell(this.#goodbye);
    host.schedule(config.gossipIntervalMs, { kind: 'farewell' });
  }

  #tell(message: PacketMessage): void {
    for (const node of this.#spreader.pick(FAREWELLS))
      this.#sender.sendExactly([message], node.address, node);
  }

  /** How many nodes there are to tell. */
  #others(): number {
    const { nodes } = this.#context;
    return nodes.active - (isActive(nodes.self) ? 1 : 0);
  }
}
