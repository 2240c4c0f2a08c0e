import type { Context } from '../context.js';
import type { ExchangeResult, Timer } from '../host.js';
import type { Membership, MembershipListener } from '../nodes/membership.js';
import { isActive, type NodeRecord } from '../nodes/node-record.js';
import type { Pinger } from '../protocol/pinger.js';
import type { ProbeReport } from '../protocol/probe.js';
import type { ProbeListener, Prober } from '../protocol/prober.js';
import type { Spreader } from '../protocol/spreader.js';
import type { Accusation, PacketMessage } from '../wire/message-types.js';
import { RelayFailures } from './relay-failures.js';
import type { Suspicion } from './suspicion.js';

/** Probes of its own that must have failed, in different seconds and through different helpers, before a verdict. */
const FAILED_PROBES = 2;

/** The pings of a suspect become rarer at most that often, by half each time. */
const MAX_BACKOFF = 4;

/** What the judge works with. */
export interface JudgeParts {
  membership: Membership;
  prober: Prober;
  pinger: Pinger;
  spreader: Spreader;
}

/**
 * Decides when a suspect is given up (docs/decisions/0011). Silence alone convinces nobody: a node gives another one
 * up only after a failed probe of its own, with confirmations by others or after the memberlist protocol's full time,
 * and each answer of the suspect voids what was held against it. With `judgment: 'memberlist'`, only time and
 * confirmations count.
 */
export class Judge implements ProbeListener, MembershipListener {
  readonly #context: Context;
  readonly #parts: () => JudgeParts;
  readonly #relays: RelayFailures;
  #token = 0;

  /** @param parts asked for later, because they in turn are made with the judge as their listener. */
  constructor(context: Context, parts: () => JudgeParts) {
    this.#context = context;
    this.#parts = parts;
    this.#relays = new RelayFailures(() => context.host.now());
  }

  /** A probe of this node's own has failed: accuse, count what the helpers found, and keep at it. */
  failed(report: ProbeReport): void {
    const { nodes, host } = this.#context;
    const { membership, spreader } = this.#parts();
    const node = nodes.get(report.target);
    if (!node || !isActive(node)) return;
    const wasAlive = node.status === 'alive';
    const accusation = this.#accusationOf(node);
    membership.suspect(accusation, true);
    const { suspicion } = node;
    if (!suspicion || !this.#weighsEvidence) return;
    suspicion.probeFailed(host.now(), report.refused);
    for (const helper of report.nackedBy) suspicion.confirm(helper);
    membership.scheduleSuspicion(node.name, suspicion);
    if (wasAlive) spreader.tellAtOnce(accusation, [node.name, ...report.nackedBy]);
    if (suspicion.chase === 0) this.#chase(node.name, suspicion);
  }

  /** A node was heard: if it is suspected, the evidence is void. It will refute, or the probes will go on failing. */
  answered(name: string): void {
    this.#relays.forget(name);
    const { nodes, host, counters } = this.#context;
    const suspicion = nodes.get(name)?.suspicion;
    if (!suspicion || !this.#weighsEvidence) return;
    counters.suspicionsPostponed++;
    suspicion.postponed++;
    suspicion.restart(host.now(), nodes.self.name);
  }

  /** This node pinged another one for a third, in vain. */
  relayFailed(name: string): void {
    if (this.#weighsEvidence) this.#relays.add(name);
  }

  /** A suspicion is new here and comes from others: some nodes verify it on their own account. */
  suspected(node: NodeRecord, from: string): void {
    if (!this.#weighsEvidence) return;
    const { nodes, host, config } = this.#context;
    const { membership, prober } = this.#parts();
    if (this.#relays.has(node.name)) membership.suspect(this.#accusationOf(node), true);
    const chosen = host.random() * Math.max(1, nodes.active - 2) < config.verifiers;
    // What comes from this node itself was learned by an exchange of states, from which no others may hear.
    if (chosen || from === nodes.self.name) prober.begin(node);
  }

  /** A node that came back at another address is taken in once it is known to be gone from the old one: look at once. */
  contested(node: NodeRecord): void {
    if (this.#weighsEvidence) this.#parts().prober.begin(node);
  }

  /** What this node itself found out need not wait for the next round of gossip. */
  decided(message: PacketMessage, first: readonly string[]): void {
    if (this.#weighsEvidence) this.#parts().spreader.tellAtOnce(message, first);
  }

  /** A suspicion has run out: the last word before the verdict. */
  suspicionTimer(timer: Extract<Timer, { kind: 'suspicion' }>): void {
    const { nodes, host, config, awareness } = this.#context;
    const { membership, prober } = this.#parts();
    const node = nodes.get(timer.node);
    const suspicion = node?.suspicion;
    if (!node || !suspicion || suspicion.token !== timer.token) return;
    const now = host.now();
    if (now - timer.dueAt > config.probeIntervalMs) {
      // This process itself was stopped: what it missed meanwhile may include the refutation.
      suspicion.restart(now, nodes.self.name);
      membership.scheduleSuspicion(node.name, suspicion, suspicion.endsAt);
    } else if (suspicion.endsAt > now + 1) {
      membership.scheduleSuspicion(node.name, suspicion, suspicion.endsAt);
    } else if (!this.#weighsEvidence || this.#silenceSuffices(suspicion)) {
      membership.declareDead(node);
    } else {
      const intervalMs = awareness.scale(config.probeIntervalMs);
      membership.scheduleSuspicion(node.name, suspicion, now + intervalMs);
      if (suspicion.refusalEndsAt <= now + 1) this.#dialAgain(node, suspicion, intervalMs);
      else prober.begin(node);
    }
  }

  /** Pings a suspect again, or probes it anew if there is anything left to find out. */
  chaseTimer(timer: Extract<Timer, { kind: 'chase' }>): void {
    const node = this.#context.nodes.get(timer.node);
    const suspicion = node?.suspicion;
    if (!node || !suspicion || suspicion.chase !== timer.token || this.#context.leaving) return;
    const { pinger, prober } = this.#parts();
    suspicion.chased++;
    // Alone it might ping along a broken link for ever: every other time it asks others as well.
    if (suspicion.confirmed && suspicion.chased % 2 === 1) pinger.ping(node);
    else prober.begin(node);
    this.#chase(node.name, suspicion);
  }

  /** The outcome of the last connection to a suspect whose host refused the ones before. */
  dialed(name: string, token: number, result: ExchangeResult): void {
    const { nodes } = this.#context;
    const { membership } = this.#parts();
    const node = nodes.get(name);
    const suspicion = node?.suspicion;
    if (!node || !suspicion || suspicion.token !== token) return;
    if (result.ok && result.reply.type === 'ack') this.answered(name);
    else if (!result.ok && result.refused) membership.declareDead(node);
    else suspicion.refusalEnded();
    if (node.suspicion) membership.scheduleSuspicion(name, suspicion, suspicion.endsAt);
  }

  #silenceSuffices(suspicion: Suspicion): boolean {
    return suspicion.failedProbes >= FAILED_PROBES && suspicion.silenceEndsAt <= this.#context.host.now() + 1;
  }

  #dialAgain(node: NodeRecord, suspicion: Suspicion, timeoutMs: number): void {
    const { pinger } = this.#parts();
    const ping = pinger.message(node.name, pinger.nextSeqNo());
    const { token } = suspicion;
    this.#context.host.exchange(ping, node.address, { kind: 'dial', node: node.name, token }, timeoutMs);
  }

  #chase(node: string, suspicion: Suspicion): void {
    const { host, config } = this.#context;
    suspicion.chase = ++this.#token;
    // Who answers now and then is alive but slow, and needs no further burden.
    const factor = 2 ** Math.min(suspicion.postponed, MAX_BACKOFF);
    host.schedule((config.probeIntervalMs / 2) * factor, { kind: 'chase', node, token: suspicion.chase });
  }

  #accusationOf(node: NodeRecord): Accusation {
    const { incarnation, name } = node;
    return { type: 'suspect', incarnation, node: name, from: this.#context.nodes.self.name };
  }

  get #weighsEvidence(): boolean {
    return this.#context.config.judgment === 'evidence';
  }
}
