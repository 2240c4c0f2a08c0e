import { formatAddress } from '../address.js';
import type { Claim } from '../application.js';
import type { Context } from '../context.js';
import { warn } from '../context.js';
import type { MemberChange } from '../events.js';
import { Suspicion } from '../judgment/suspicion.js';
import { suspicionTerms } from '../judgment/suspicion-terms.js';
import type { PacketSender } from '../protocol/packet-sender.js';
import { findIncompatible, saneVersions } from '../versions.js';
import { sameBytes } from '../wire/bytes.js';
import type { Accusation, Alive, PacketMessage } from '../wire/message-types.js';
import { accusationOf, addressOf, type ClaimedAddress, claimOf, factsOf, nameFits } from './claims.js';
import { above, plausible } from './incarnation.js';
import { isActive, type NodeRecord, type NodeStatus } from './node-record.js';

/** Most nodes taken in, so that made-up names can't fill the memory: far more than one gossip can serve. */
const MAX_NODES = 1 << 16;

/** Who is told what the claims lead to. */
export interface MembershipListener {
  /** A node that was believed alive is suspected by `from`, and not because of a probe of our own. */
  suspected(node: NodeRecord, from: string): void;
  /** Somebody with a newer incarnation uses the name of a node that is believed alive at another address. */
  contested(node: NodeRecord): void;
  /** This node itself came to a decision that others should hear soon, `first` before the rest. */
  decided(message: PacketMessage, first: readonly string[]): void;
}

/**
 * The rules by which claims about nodes change what is believed (SWIM section 4.2, fact sheet 2.4 to 2.7).
 * Whatever is new is queued to be passed on.
 */
export class Membership {
  readonly #context: Context;
  readonly #listener: MembershipListener;
  readonly #sender: PacketSender;
  #token = 0;

  constructor(context: Context, listener: MembershipListener, sender: PacketSender) {
    this.#context = context;
    this.#listener = listener;
    this.#sender = sender;
  }

  /** Takes in "this node is alive". */
  alive(message: Alive): void {
    const { nodes } = this.#context;
    if (this.#isOld(message)) return;
    const claimed = this.#checkAlive(message);
    if (!claimed) return;
    if (message.node === nodes.self.name) {
      this.#aliveAboutSelf(message, claimed);
      return;
    }
    const known = nodes.get(message.node);
    if (!known) {
      this.#aliveAboutStranger(message, claimed);
      return;
    }
    if (moved(known, claimed) && isActive(known)) {
      this.#conflict(known, claimOf(message, claimed));
      if (message.incarnation > known.incarnation) this.#listener.contested(known);
      return;
    }
    if (message.incarnation > known.incarnation) {
      if (this.#welcome(message, claimed)) this.#accept(known, message, claimed);
    } else if (!isActive(known)) this.#tellTheGone(known, claimed);
  }

  /** Takes in "I can't reach this node". `witnessed` if this node itself has just failed to reach it. */
  suspect(message: Accusation, witnessed = false): void {
    const { nodes, counters } = this.#context;
    const node = this.#accused(message);
    if (!node) return;
    if (node.name === nodes.self.name) {
      if (!this.#context.leaving) this.#refute(message.incarnation, message.from);
    } else if (node.suspicion) {
      node.incarnation = message.incarnation;
      this.#confirm(node, node.suspicion, message);
    } else if (node.status === 'alive') {
      counters.suspicionsRaised++;
      node.incarnation = message.incarnation;
      this.#set(node, 'suspect', 'suspect', message.from);
      this.#startSuspicion(node, message.from);
      this.#spread(node.name, message);
      if (!witnessed) this.#listener.suspected(node, message.from);
    } else {
      // Remembered although it changes nothing, or a stale alive in between could bring the dead back.
      node.incarnation = message.incarnation;
    }
  }

  /** Takes in "this node is dead", or, when the node itself says so, "I'm leaving". */
  dead(message: Accusation): void {
    const node = this.#accused(message);
    if (!node) return;
    if (node.name === this.#context.nodes.self.name) {
      if (!this.#context.leaving) this.#refute(message.incarnation, message.from);
      return;
    }
    node.incarnation = message.incarnation;
    const status = message.from === message.node || node.leaving ? 'left' : 'dead';
    if (!isActive(node) && !(node.status === 'dead' && status === 'left')) return;
    node.suspicion = undefined;
    this.#set(node, status, status === 'left' ? 'leave' : 'fail', message.from);
    this.#spread(node.name, message);
  }

  /** Takes in Serf's announcement of a leave, or of a join that overrides it; says whether it was news. */
  intent(name: string, intent: 'leave' | 'join', ltime: number): boolean {
    const { nodes } = this.#context;
    const node = nodes.get(name);
    if (!node || name === nodes.self.name || ltime <= node.intentTime) return false;
    node.intentTime = ltime;
    node.leaving = intent === 'leave';
    if (node.leaving && node.status === 'dead') this.#set(node, 'left', 'leave', name);
    return true;
  }

  /** This node's own verdict on a suspect. */
  declareDead(node: NodeRecord): void {
    const { nodes, counters } = this.#context;
    counters.failuresDeclared++;
    const verdict: Accusation = {
      type: 'dead',
      incarnation: node.incarnation,
      node: node.name,
      from: nodes.self.name,
    };
    this.dead(verdict);
    this.#listener.decided(verdict, []);
  }

  /** Sees to it that a suspicion is looked at when it ends, or at `dueAt`, whether or not that is later. */
  scheduleSuspicion(node: string, suspicion: Suspicion, dueAt?: number): void {
    const { host } = this.#context;
    const now = host.now();
    if (dueAt === undefined && suspicion.endsAt >= suspicion.dueAt) return;
    suspicion.token = ++this.#token;
    suspicion.dueAt = Math.max(now, dueAt ?? suspicion.endsAt);
    const { token } = suspicion;
    host.schedule(suspicion.dueAt - now, { kind: 'suspicion', node, token, dueAt: suspicion.dueAt });
  }

  /** Announces a change of this node's own meta; not once it has left, or others would take it for one that is back. */
  setMeta(meta: Uint8Array): void {
    const { nodes, leaving } = this.#context;
    if (leaving) return;
    const { self } = nodes;
    self.facts = { ...self.facts, meta };
    self.incarnation = above(self.incarnation, 0);
    this.#announceSelf();
    this.#notify('update', self, self.name);
    if (this.#context.nodes.active < 2) this.#context.host.notify({ kind: 'self-told' });
  }

  /** This node says goodbye; returns what it says. */
  leave(): Accusation {
    const { nodes, queue, host } = this.#context;
    const { name, incarnation } = nodes.self;
    this.#context.leaving = true;
    nodes.setStatus(nodes.self, 'left', host.now());
    const goodbye: Accusation = { type: 'dead', incarnation, node: name, from: name };
    queue.update(name, goodbye);
    host.notify({ kind: 'member', change: 'leave', node: nodes.self, from: name });
    return goodbye;
  }

  /** What this node would say about a node that it believes alive. */
  aliveMessage(node: NodeRecord): Alive {
    const { name, addr, address, meta, vsn, incarnation } = node;
    return { type: 'alive', incarnation, node: name, addr, port: address.port, meta, vsn };
  }

  /** Says whether this repeats or predates what is known of another node, as most messages do. */
  #isOld({ node, incarnation, addr, port }: Alive): boolean {
    const { nodes } = this.#context;
    const known = nodes.get(node);
    if (!known || incarnation > known.incarnation || node === nodes.self.name) return false;
    // The same name elsewhere is worth a closer look.
    const { facts } = known;
    return facts.address.port === port && sameBytes(facts.addr, addr);
  }

  #checkAlive(message: Alive): ClaimedAddress | undefined {
    const { nodes, leaving } = this.#context;
    if (leaving && message.node === nodes.self.name) return undefined;
    const claimed = addressOf(message, nodes.self.address.port);
    if (typeof claimed === 'string') {
      warn(this.#context, 'malformed', `alive about '${message.node}': ${claimed}`);
      return undefined;
    }
    const pair = [nodes.self, { name: message.node, vsn: message.vsn }];
    const problem = saneVersions(message.vsn)
      ? findIncompatible(pair)
      : `versions of '${message.node}' make no sense`;
    if (problem) {
      warn(this.#context, 'incompatible', problem);
      return undefined;
    }
    return this.#plausible(message.node, message.incarnation) ? claimed : undefined;
  }

  #aliveAboutStranger(message: Alive, claimed: ClaimedAddress): void {
    const { nodes } = this.#context;
    const { node: name, incarnation } = message;
    const tombstone = nodes.find(name);
    if (tombstone && incarnation <= tombstone.incarnation) {
      this.#tellTheGone(tombstone, claimed);
      return;
    }
    if (nodes.size >= MAX_NODES) {
      warn(this.#context, 'implausible', `${name} would be node ${MAX_NODES + 1}`);
      return;
    }
    if (!this.#welcome(message, claimed)) return;
    const node = nodes.insert({ name, facts: factsOf(message, claimed), incarnation });
    this.#accept(node, message, claimed);
  }

  /** Either these are old news, or the node is back and has forgotten its incarnation: then it will refute this. */
  #tellTheGone(node: NodeRecord, claimed: ClaimedAddress): void {
    this.#sender.sendExactly([accusationOf(node, this.#context.nodes.self.name)], claimed.address);
  }

  #conflict(existing: NodeRecord, claim: Claim): void {
    const what =
      existing.name === this.#context.nodes.self.name
        ? `a node at ${formatAddress(claim.address)} uses this node's name '${claim.name}'`
        : `${claim.name} claims ${formatAddress(claim.address)}, but is alive elsewhere`;
    warn(this.#context, 'conflict', what);
    this.#context.host.notify({ kind: 'conflict', existing, claim });
  }

  #welcome(message: Alive, claimed: ClaimedAddress): boolean {
    const reason = this.#context.application.refusesAlive(claimOf(message, claimed));
    if (reason !== undefined) warn(this.#context, 'vetoed', `${message.node}: ${reason}`);
    return reason === undefined;
  }

  #aliveAboutSelf(message: Alive, claimed: ClaimedAddress): void {
    const { self } = this.#context.nodes;
    const elsewhere =
      claimed.address.host !== self.address.host || claimed.address.port !== self.address.port;
    if (elsewhere) {
      // Refuting would only make two nodes with one name outbid each other for ever.
      this.#conflict(self, claimOf(message, claimed));
      return;
    }
    if (message.incarnation < self.incarnation) return;
    const same = sameBytes(message.meta, self.meta) && sameBytes(message.vsn, self.vsn);
    if (message.incarnation > self.incarnation || !same) this.#refute(message.incarnation, self.name);
  }

  #accused(message: Accusation): NodeRecord | undefined {
    const { nodes } = this.#context;
    const node = nodes.get(message.node);
    if (!node) return undefined;
    if (message.incarnation < node.incarnation) {
      if (node.name === nodes.self.name) this.#correct(message.from);
      return undefined;
    }
    if (!nameFits(message.from)) {
      warn(this.#context, 'malformed', `${message.type} about '${node.name}': accuser's name is too long`);
      return undefined;
    }
    return this.#plausible(message.node, message.incarnation) ? node : undefined;
  }

  #plausible(name: string, incarnation: number): boolean {
    const known = this.#context.nodes.get(name)?.incarnation ?? 0;
    if (plausible(known, incarnation)) return true;
    warn(this.#context, 'implausible', `incarnation ${incarnation} of '${name}' after ${known}`);
    return false;
  }

  #accept(node: NodeRecord, message: Alive, claimed: ClaimedAddress): void {
    const before = node.status;
    const updated = !sameBytes(node.meta, message.meta);
    if (node.suspicion) this.#context.counters.suspicionsRefuted++;
    node.suspicion = undefined;
    node.leaving = node.leaving && isActive(node);
    node.incarnation = message.incarnation;
    node.facts = factsOf(message, claimed);
    const joined = !isActive(node);
    const change: MemberChange | undefined = joined ? 'join' : before === 'suspect' ? 'alive' : undefined;
    this.#set(node, 'alive', change, node.name);
    if (updated && !joined) this.#notify('update', node, node.name);
    // A port of 0 is read as the receiver's own: whoever comes next must not read it as his.
    this.#spread(node.name, message.port === 0 ? this.aliveMessage(node) : message);
  }

  #refute(accused: number, accuser: string): void {
    const { nodes, counters, awareness } = this.#context;
    nodes.self.incarnation = above(nodes.self.incarnation, accused);
    counters.selfRefutations++;
    awareness.apply(1);
    this.#listener.decided(this.#announceSelf(), [accuser]);
    warn(this.#context, 'refuted', `this node was accused at incarnation ${accused}`);
  }

  /**
   * Tells an accuser directly what it has missed: the refutation was lost on its way, or the accuser did not take it in
   * because it believed this node to be alive at its former address.
   */
  #correct(accuser: string): void {
    const { nodes, leaving } = this.#context;
    const node = nodes.get(accuser);
    if (!node || leaving || node.name === nodes.self.name) return;
    this.#sender.sendExactly([this.aliveMessage(nodes.self)], node.address, node);
  }

  #announceSelf(): Alive {
    const { nodes, queue, host } = this.#context;
    const message = this.aliveMessage(nodes.self);
    queue.update(nodes.self.name, message, () => {
      // A newer announcement in its place has yet to be told.
      if (message.incarnation === nodes.self.incarnation) host.notify({ kind: 'self-told' });
    });
    return message;
  }

  #startSuspicion(node: NodeRecord, from: string): void {
    const { config, nodes, host, awareness } = this.#context;
    const terms = suspicionTerms(config, nodes.active, awareness.score);
    node.suspicion = new Suspicion(terms, from, host.now());
    this.scheduleSuspicion(node.name, node.suspicion);
  }

  #confirm(node: NodeRecord, suspicion: Suspicion, message: Accusation): void {
    if (!suspicion.confirm(message.from)) return;
    this.#context.counters.suspicionsConfirmed++;
    this.scheduleSuspicion(node.name, suspicion);
    this.#spread(node.name, message);
  }

  #set(node: NodeRecord, status: NodeStatus, change: MemberChange | undefined, from: string): void {
    const { nodes, ring, host } = this.#context;
    nodes.setStatus(node, status, host.now());
    ring.changed(node);
    if (change) this.#notify(change, node, from);
  }

  #notify(change: MemberChange, node: NodeRecord, from: string): void {
    this.#context.host.notify({ kind: 'member', change, node, from });
  }

  #spread(name: string, message: Accusation | Alive): void {
    this.#context.queue.update(name, message);
  }
}

function moved(known: NodeRecord, claimed: ClaimedAddress): boolean {
  return known.address.host !== claimed.address.host || known.address.port !== claimed.address.port;
}
