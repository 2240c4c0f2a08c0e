import type { Context } from '../context.js';
import type { Membership } from '../nodes/membership.js';
import { isActive } from '../nodes/node-record.js';
import { encodeLeaveIntent } from '../serf/intents.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { PacketSender } from './packet-sender.js';
import type { Spreader } from './spreader.js';

/** Nodes that are told at once and directly, so that the goodbye does not wait behind other updates. */
const FAREWELLS = 8;

/** Gossip rounds that Serf's intent gets before the leave itself; the other way round Serf would report a failure. */
const INTENT_ROUNDS = 2;

/** The graceful way out: Serf's leave intent, then "I'm dead" about oneself. */
export class Farewell {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #sender: PacketSender;
  readonly #spreader: Spreader;
  #begun = false;
  #told = false;

  constructor(context: Context, membership: Membership, sender: PacketSender, spreader: Spreader) {
    this.#context = context;
    this.#membership = membership;
    this.#sender = sender;
    this.#spreader = spreader;
  }

  /** Begins to leave; a `left` event tells when it is done. Further calls do nothing. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { config, host } = this.#context;
    if (!config.serf || !this.#someoneToTell()) {
      this.timer();
      return;
    }
    const { self } = this.#context.nodes;
    // Serf takes an intent only if it is newer than the last; incarnations grow over restarts, its clock may not.
    const ltime = Math.max(this.#context.lamport, self.incarnation) + 1;
    const intent = encodeMessage({ type: 'user', body: encodeLeaveIntent(self.name, ltime) });
    this.#context.queue.user(intent);
    this.#tell(intent);
    host.schedule(INTENT_ROUNDS * config.gossipIntervalMs, { kind: 'farewell' });
  }

  /** The intent has had its time: leave. */
  timer(): void {
    this.#tell(this.#membership.leave(() => this.#done()));
    if (!this.#someoneToTell()) this.#done();
  }

  #tell(message: Uint8Array): void {
    for (const node of this.#spreader.pick(FAREWELLS))
      this.#sender.sendExactly([message], node.address, node);
  }

  #someoneToTell(): boolean {
    const { nodes } = this.#context;
    return nodes.all.some((node) => node !== nodes.self && isActive(node));
  }

  #done(): void {
    if (this.#told) return;
    this.#told = true;
    this.#context.host.notify({ kind: 'left' });
  }
}
