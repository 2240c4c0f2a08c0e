import type { Context } from '../context.js';
import type { Membership } from '../nodes/membership.js';
import { encodeJoinIntent, type Intent, readSerfNews } from '../serf/intents.js';
import { RecentMessages } from '../serf/recent-messages.js';
import { type Departure, encodeSerfState, readSerfState } from '../serf/state.js';
import { maxMessageBytes } from './packet-sender.js';

/**
 * What Serf does beyond memberlist so that everybody learns what is for all: its nodes announce that they leave, pass
 * such announcements, user events and queries on, and list those who left when they exchange their states.
 */
export class Announcements {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #recent = new RecentMessages();

  constructor(context: Context, membership: Membership) {
    this.#context = context;
    this.#membership = membership;
  }

  /** Takes a user message that may be Serf's; says whether it was an announcement. What is for all and news is passed on. */
  hear(body: Uint8Array): boolean {
    const { intents, forAll } = readSerfNews(body);
    const { queue, host } = this.#context;
    const news = forAll ? this.#recent.first(body, host.now()) : intents.some((intent) => this.#take(intent));
    if (news && body.length <= maxMessageBytes(this.#context)) queue.user({ type: 'user', body });
    return intents.length > 0;
  }

  /** Takes the state that another node's Serf sent along with a push-pull; gives what follows it, which isn't Serf's. */
  merge(state: Uint8Array): Uint8Array {
    const news = readSerfState(state);
    this.#witness(news.ltime);
    const { nodes } = this.#context;
    for (const intent of news.intents) {
      // A time that is not ours is that of a leave in an earlier life, even where it is not called one.
      if (intent.node === nodes.self.name) this.#contradict(intent.ltime);
      // Who is back by now may not be known to the sender; a new announcement would come by itself.
      else if (nodes.get(intent.node)?.status === 'dead') this.#take(intent);
    }
    return state.subarray(news.end);
  }

  /** What to send along with a push-pull. */
  state(): Uint8Array {
    const { nodes, lamport } = this.#context;
    const departures = nodes.gone.flatMap((node): Departure | [] =>
      node.status === 'left' && node.intentTime >= 0 ? { node: node.name, ltime: node.intentTime } : [],
    );
    const { name, intentTime, leaving } = nodes.self;
    // Gossip of our return may get lost, and Serf would show us as leaving until another agent corrects it.
    const returned = intentTime >= 0 && !leaving ? [{ node: name, ltime: intentTime }] : [];
    return encodeSerfState(lamport, departures, returned);
  }

  /** Says whether it was news about another node. */
  #take(intent: Intent): boolean {
    const { self } = this.#context.nodes;
    this.#witness(intent.ltime);
    if (intent.node !== self.name) return this.#membership.intent(intent.node, intent.kind, intent.ltime);
    if (intent.kind === 'leave') this.#contradict(intent.ltime);
    return false;
  }

  /**
   * This node is said to have left at `ltime`, in an earlier life or by mistake; Serf would show it as leaving for
   * ever, so it says that it is here.
   */
  #contradict(ltime: number): void {
    const { nodes, queue } = this.#context;
    if (nodes.self.leaving || ltime <= nodes.self.intentTime) return;
    this.#witness(ltime);
    this.#context.lamport++;
    nodes.self.intentTime = this.#context.lamport;
    queue.user({ type: 'user', body: encodeJoinIntent(nodes.self.name, this.#context.lamport) });
  }

  #witness(ltime: number): void {
    this.#context.lamport = Math.max(this.#context.lamport, ltime);
  }
}
