import type { Context } from '../context.js';
import type { Membership } from '../nodes/membership.js';
import { isActive } from '../nodes/node-record.js';
import { encodeLeaveIntent } from '../serf/intents.js';
import type { PacketMessage, UserMessage } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import type { Spreader } from './spreader.js';

/** Nodes that are told at once and directly, so that the goodbye does not wait behind other updates. */
const FAREWELLS = 8;

/** Gossip rounds after which a leave is done if every other node could be told directly. */
const DIRECT_ROUNDS = 2;

/** Gossip rounds that Serf's intent gets before the leave itself; the other way round Serf would report a failure. */
const INTENT_ROUNDS = 2;

/** The graceful way out: Serf's leave intent, then "I'm dead" about oneself. */
export class Farewell {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #sender: PacketSender;
  readonly #spreader: Spreader;
  #stage: 'staying' | 'announced' | 'leaving' | 'left' = 'staying';

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

  /** The current stage has had its time. */
  timer(): void {
    if (this.#stage === 'announced') this.#leave();
    else this.#done();
  }

  #leave(): void {
    this.#stage = 'leaving';
    const { config, host } = this.#context;
    const others = this.#others();
    this.#tell(this.#membership.leave(() => this.#done()));
    if (others === 0) this.#done();
    else if (others <= FAREWELLS)
      host.schedule(DIRECT_ROUNDS * config.gossipIntervalMs, { kind: 'farewell' });
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

  #done(): void {
    if (this.#stage === 'left') return;
    this.#stage = 'left';
    this.#context.host.notify({ kind: 'left' });
  }
}
