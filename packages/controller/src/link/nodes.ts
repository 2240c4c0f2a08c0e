import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HashView, Hello__Output, Logger, NodeReport__Output, NodeView } from '@shoal/common';
import { nearest, ShoalError } from '@shoal/common';
import type { Membership } from '../cluster/membership.js';
import type { NodeRecord } from '../enrol/node-record.js';
import type { KeyHolder } from '../gossip-keys/ring.js';
import { observeNode, type RolloutAngle } from '../rollout/observe.js';
import type { ObservedNode, Presence } from '../rollout/state.js';
import type { Targets } from '../rollout/targets.js';
import type { Vault } from '../secrets/vault.js';
import type { Manifests, NodePlace } from '../spec/manifests.js';
import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import type { DrainRequests } from './drain-requests.js';
import type { EventBus } from './event-bus.js';
import { type Entry, freshEntry, type StoredReport } from './node-entry.js';
import { nodeView } from './node-view.js';
import { Offers } from './offers.js';
import { isOutstanding, presenceOf } from './presence.js';
import { type MeasuredState, mergeReport } from './report.js';
import { revokeStored } from './revoke-stored.js';
import type { Session } from './session.js';

/** How often what nodes reported is written to the store, ms. It only serves to show what was known last after a restart. */
const persistIntervalMs = 2000;
/** When a lease was granted that is still to come. */
const never = Number.NEGATIVE_INFINITY;
/** Nodes that are offered something before others get their turn: about 10 ms of work. */
const offersAtOnce = 40;

/** What `Nodes` needs of the rest. */
export interface NodesComponents {
  readonly store: Store;
  readonly targets: Targets;
  readonly drains: DrainRequests;
  readonly manifests: Manifests;
  readonly vault: Pick<Vault, 'sealFor'>;
  readonly membership: Membership;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly now: () => number;
  /** Milliseconds from any point on, which setting the clock doesn't change. Default: the process's own. */
  readonly monotonic?: () => number;
}

/** Every node of the cluster: its record, what its agent last measured, its link, and what it shall be. */
export class Nodes {
  readonly #parts: NodesComponents;
  readonly #entries = new Map<string, Entry>();
  readonly #revoked = new Set<string>();
  readonly #listeners: ((node: string) => void)[] = [];
  readonly offers: Offers;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: NodesComponents) {
    this.#parts = parts;
    this.offers = new Offers(parts);
  }

  /** Reads what the store holds and begins to follow the gossip. */
  async start(): Promise<void> {
    const { store, membership } = this.#parts;
    for (const record of await listJson<NodeRecord>(store, keys.nodes))
      this.#entries.set(record.name, freshEntry(record, this.#monotonic()));
    for (const report of await listJson<StoredReport>(store, keys.reports)) {
      const entry = this.#entries.get(report.node);
      if (entry === undefined) continue;
      entry.facts = report.facts;
      entry.measured = report.measured;
      entry.lastSeenAt = report.at;
    }
    for (const { serial } of await listJson<{ serial: string }>(store, keys.revoked))
      this.#revoked.add(serial);
    membership.onChange((member) => {
      this.#parts.events.publish({ type: 'member', member });
      if (this.#entries.has(member.name)) this.#changed(member.name);
    });
    this.#timer = setInterval(() => void this.persist(), persistIntervalMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.persist();
  }

  /** A node's view changed, or it came, or it went. Listeners must not throw. */
  onChange(listener: (node: string) => void): void {
    this.#listeners.push(listener);
  }

  #changed(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      this.#parts.events.publish(() => ({ type: 'node', node: this.#view(entry) }));
    }
    for (const listener of this.#listeners) listener(name);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const near = nearest(name, [...this.#entries.keys()]);
    const hint = near === undefined ? 'List them: shoal node ls' : `Did you mean "${near}"?`;
    throw new ShoalError('not_found', `There is no node "${name}"`, { hint });
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  isRevoked(serial: string): boolean {
    return this.#revoked.has(serial);
  }

  record(name: string): NodeRecord | undefined {
    return this.#entries.get(name)?.record;
  }

  /** Name and site of every node, by name. */
  places(): NodePlace[] {
    return [...this.#entries.values()]
      .map(({ record }) => ({ name: record.name, site: record.site }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Name and site of one node; undefined: there is none of that name. */
  place(name: string): NodePlace | undefined {
    const record = this.record(name);
    return record === undefined ? undefined : { name, site: record.site };
  }

  /** The node's link. @throws ShoalError `not_found`, `unavailable` when it has none */
  session(name: string): Session {
    const { session } = this.#entry(name);
    if (session !== null) return session;
    throw new ShoalError('unavailable', `Node "${name}" is not connected`, {
      hint: `See: shoal node show ${name}`,
    });
  }

  sessions(): Session[] {
    return [...this.#entries.values()].map(({ session }) => session).filter((session) => session !== null);
  }

  measured(name: string): MeasuredState | null {
    return this.#entries.get(name)?.measured ?? null;
  }

  view(name: string): NodeView {
    return this.#view(this.#entry(name));
  }

  /** By name. */
  views(): NodeView[] {
    return this.places().map(({ name }) => this.view(name));
  }

  /** A record was stored: of a new node, or of one whose certificate or site changed. */
  stored(record: NodeRecord): void {
    const entry = this.#entries.get(record.name);
    if (entry === undefined) this.#entries.set(record.name, freshEntry(record, this.#monotonic()));
    else entry.record = record;
    this.#changed(record.name);
  }

  /** Takes a node out of the cluster: its certificates are refused from now on, its agent is told. @throws ShoalError `not_found` */
  async remove(name: string): Promise<void> {
    const { targets, drains, events } = this.#parts;
    const entry = this.#entry(name);
    const certificates = await revokeStored(this.#parts.store, name);
    for (const { serial } of certificates) this.#revoked.add(serial);
    this.#entries.delete(name);
    targets.forget(name);
    drains.forget(name);
    entry.session?.removed();
    events.publish({ type: 'node-removed', name });
    this.#changed(name);
  }

  /** A link began, `leased`: with a fresh lease; one that stood before is ended. */
  connected(session: Session, leased: boolean): void {
    const entry = this.#entry(session.node);
    const old = entry.session;
    entry.session = session;
    entry.leaseAt = leased ? this.#monotonic() : never;
    old?.close(new ShoalError('unavailable', 'The node opened a newer link'));
  }

  disconnected(session: Session): void {
    const entry = this.#entries.get(session.node);
    if (entry?.session !== session) return;
    entry.session = null;
    entry.awaySince = this.#monotonic();
    // It stood until now, also when there was nothing to be said for a while.
    if (entry.lastSeenAt !== null) this.seen(session.node);
    this.#changed(session.node);
  }

  seen(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.lastSeenAt = this.#parts.now();
    entry.dirty = true;
  }

  /** An agent's report arrived; with the hello on a new link. */
  reported(name: string, report: NodeReport__Output, hello: Hello__Output | undefined): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    if (hello !== undefined) {
      entry.facts = { agentVersion: hello.agentVersion, address: hello.gossipAddress, facts: hello.facts };
    }
    entry.measured = mergeReport(entry.measured, report);
    entry.dirty = true;
    if (hello !== undefined) this.offers.prepareBase(entry.measured.runningRevision);
    this.reconcile(name);
    this.#changed(name);
  }

  /** Offers the node what it shall be, when it isn't that and may be asked. */
  reconcile(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.offers.reconcile(entry);
  }

  /** Targets changed: offers and views follow. Of many, some at a time: meanwhile offers go out, and answers come in. */
  async targetsChanged(names: readonly string[]): Promise<void> {
    for (const [index, name] of names.entries()) {
      if (index > 0 && index % offersAtOnce === 0) await nextTurn();
      this.reconcile(name);
      this.#changed(name);
    }
  }

  /** What operators want drained on the node changed. */
  drainChanged(name: string): void {
    this.#entries.get(name)?.session?.drain(this.#parts.drains.get(name));
    this.#changed(name);
  }

  /** Services that the node shall run. */
  desiredServices(name: string): readonly string[] {
    const compiled = this.offers.desired(this.#entry(name));
    if (compiled === undefined || ShoalError.is(compiled)) return [];
    return compiled.manifest.services.map((service) => service.name);
  }

  /** Renews leases that are old enough. Where `renew` gives false it comes to nothing, and is due again at once. */
  renewLeases(renewAfterMs: number, renew: (session: Session) => boolean): void {
    const now = this.#monotonic();
    for (const entry of this.#entries.values()) {
      if (entry.session === null || now - entry.leaseAt < renewAfterMs) continue;
      entry.leaseAt = renew(entry.session) ? now : never;
    }
  }

  /** All nodes as a rollout sees them; its revisions are prepared. */
  observe({ revision, back, ranks, touched }: RolloutAngle): Map<string, ObservedNode> {
    const { manifests, targets, drains } = this.#parts;
    const observed = new Map<string, ObservedNode>();
    for (const [name, entry] of this.#entries) {
      const { record, measured } = entry;
      const known = {
        presence: this.#presence(entry),
        site: record.site,
        measured,
        drainAsked: drains.get(name),
        target: targets.get(name),
        revision,
        next: manifests.at(record, revision),
        back: manifests.at(record, back(name)),
        rank: ranks.get(name) ?? 0,
        touched,
        isOutstanding: isOutstanding(entry),
      };
      observed.set(name, observeNode(known));
    }
    return observed;
  }

  /** What each node's agent reported of its gossip keys. */
  keyHolders(): Map<string, KeyHolder> {
    const holders = new Map<string, KeyHolder>();
    for (const [name, entry] of this.#entries) holders.set(name, this.#keyHolder(entry));
    return holders;
  }

  /** The same of one node; undefined: there is none of that name. */
  keyHolder(name: string): KeyHolder | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined ? undefined : this.#keyHolder(entry);
  }

  #keyHolder(entry: Entry): KeyHolder {
    const { record, measured } = entry;
    return {
      presence: this.#presence(entry),
      enrolledAt: record.enrolledAt,
      keys: measured?.gossipKeys ?? null,
    };
  }

  #presence(entry: Entry): Presence {
    const { membership } = this.#parts;
    // Of a node that stands by its link the gossip's verdict isn't asked: it costs more than all the rest.
    const isLinked = entry.session !== null && entry.measured !== null;
    const state = isLinked ? undefined : membership.member(entry.record.name)?.state;
    return presenceOf(entry, state, this.#monotonic());
  }

  #view(entry: Entry): NodeView {
    const compiled = this.offers.desired(entry);
    const desired: HashView | null =
      compiled === undefined || ShoalError.is(compiled)
        ? null
        : { hash: compiled.hash, revision: compiled.manifest.revision };
    return nodeView({
      record: entry.record,
      facts: entry.facts,
      measured: entry.measured,
      drainAsked: this.#parts.drains.get(entry.record.name),
      connected: entry.session !== null,
      lastSeenAt: entry.lastSeenAt,
      member: this.#parts.membership.member(entry.record.name)?.state ?? null,
      desired,
    });
  }

  #monotonic(): number {
    return (this.#parts.monotonic ?? (() => performance.now()))();
  }

  /** Writes what was reported since the last time. */
  async persist(): Promise<void> {
    const changed = [...this.#entries]
      .filter(([, entry]) => entry.dirty && entry.measured !== null)
      .slice(0, 500);
    if (changed.length === 0) return;
    for (const [, entry] of changed) entry.dirty = false;
    const writes = changed.map(([node, { facts, measured, lastSeenAt }]) =>
      putJson(keys.report(node), { node, facts, measured, at: lastSeenAt }),
    );
    try {
      await this.#parts.store.transact({ writes });
    } catch (error) {
      for (const [, entry] of changed) entry.dirty = true;
      this.#parts.logger.warn({ err: error }, 'reports not persisted');
    }
  }
}
