import type {
  HashView,
  Hello__Output,
  Logger,
  Manifest,
  NodeReport__Output,
  NodeView,
  Offer,
  SealedSecret,
} from '@shoal/common';
import { nearest, ShoalError } from '@shoal/common';
import type { Membership } from '../cluster/membership.js';
import type { NodeRecord } from '../enrol/node-record.js';
import type { KeyHolder } from '../gossip-keys/ring.js';
import { gateOf } from '../rollout/gate.js';
import { observeNode, type RolloutAngle } from '../rollout/observe.js';
import type { ObservedNode, Presence } from '../rollout/state.js';
import type { Targets } from '../rollout/targets.js';
import type { Vault } from '../secrets/vault.js';
import type { CompiledManifest } from '../spec/compiler.js';
import type { Manifests, NodePlace } from '../spec/manifests.js';
import { type OfferCount, OfferedDocuments } from '../spec/offered-document.js';
import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import type { DrainRequests } from './drain-requests.js';
import type { EventBus } from './event-bus.js';
import { type NodeFacts, nodeView } from './node-view.js';
import { isOutstanding, presenceOf } from './presence.js';
import { decideOffer, type MeasuredState, mergeReport } from './report.js';
import { revokeStored } from './revoke-stored.js';
import type { Session } from './session.js';

/** How often what nodes reported is written to the store, ms. It only serves to show what was known last after a restart. */
const persistIntervalMs = 2000;

interface StoredReport {
  readonly node: string;
  readonly facts: NodeFacts | null;
  readonly measured: MeasuredState;
  readonly at: number;
}

interface Entry {
  record: NodeRecord;
  facts: NodeFacts | null;
  measured: MeasuredState | null;
  lastSeenAt: number | null;
  /** Since when it has no link; the controller's start when it had none yet. */
  awaySince: number;
  session: Session | null;
  leaseAt: number;
  dirty: boolean;
}

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
}

/** Every node of the cluster: its record, what its agent last measured, its link, and what it shall be. */
export class Nodes {
  readonly #parts: NodesComponents;
  readonly #entries = new Map<string, Entry>();
  readonly #revoked = new Set<string>();
  readonly #listeners: ((node: string) => void)[] = [];
  readonly #documents = new OfferedDocuments();
  /** Manifests that were offered since the start: whole, and by what differs. Bytes of the signed document as it was sent. */
  readonly offerCounts: Readonly<Record<'full' | 'delta', OfferCount>> = {
    full: { offers: 0, bytes: 0 },
    delta: { offers: 0, bytes: 0 },
  };
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: NodesComponents) {
    this.#parts = parts;
  }

  /** Reads what the store holds and begins to follow the gossip. */
  async start(): Promise<void> {
    const { store, membership, now } = this.#parts;
    for (const record of await listJson<NodeRecord>(store, keys.nodes))
      this.#entries.set(record.name, fresh(record, now()));
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
    if (entry === undefined) this.#entries.set(record.name, fresh(record, this.#parts.now()));
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

  /** A link began; one that stood before is ended. */
  connected(session: Session): void {
    const entry = this.#entry(session.node);
    const old = entry.session;
    entry.session = session;
    entry.leaseAt = this.#parts.now();
    old?.close(new ShoalError('unavailable', 'The node opened a newer link'));
  }

  disconnected(session: Session): void {
    const entry = this.#entries.get(session.node);
    if (entry?.session !== session) return;
    entry.session = null;
    entry.awaySince = this.#parts.now();
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
    if (hello !== undefined) this.#prepareBase(entry.measured.runningRevision);
    this.reconcile(name);
    this.#changed(name);
  }

  /** What the node runs is at hand for later: what it is offered then is told by what differs. That it isn't in the store any more does no harm. */
  #prepareBase(revision: number): void {
    this.#parts.manifests.prepare(revision).catch(() => undefined);
  }

  /** Offers the node what it shall be, when it isn't that and may be asked. */
  reconcile(name: string): void {
    const entry = this.#entries.get(name);
    if (entry?.session == null || entry.measured === null) return;
    const { session } = entry;
    const desired = this.#desired(entry);
    if (desired === undefined || ShoalError.is(desired)) return;
    const { hash, manifest } = desired;
    const { revision } = manifest;
    const { attempt = 0, undo = false } = this.#parts.targets.get(name) ?? {};
    const decision = decideOffer({ hash, revision, attempt }, entry.measured, isOutstanding(entry));
    if (!decision.offer) return;
    const what = { hash, revision, attempt, retryFailed: decision.retryFailed };
    const isSent = session.offer(what, () => ({
      ...this.#documentFor(entry, session, desired),
      secrets: this.sealed(session, manifest),
      ...this.#gateAt(revision, undo),
    }));
    if (isSent) this.#parts.logger.info({ node: name, ...what }, 'manifest offered');
  }

  #gateAt(revision: number, undo: boolean): Pick<Offer, 'gate'> {
    const policy = undo ? { observe: '0s' } : this.#parts.manifests.spec(revision)?.rollout?.gate;
    return policy === undefined ? {} : { gate: gateOf(policy) };
  }

  /** The signed manifest, by what differs from that which the node runs wherever that is smaller. */
  #documentFor(
    { record, measured }: Entry,
    session: Session,
    desired: CompiledManifest,
  ): Pick<Offer, 'manifest' | 'delta'> {
    const { manifests } = this.#parts;
    const runs = session.takesDeltas && measured !== null ? measured : undefined;
    const base =
      runs === undefined ? undefined : manifests.held(record, runs.runningRevision, runs.runningHash);
    const { bytes, ...document } = this.#documents.choose(manifests.sign(desired), desired, base);
    const count = this.offerCounts['delta' in document ? 'delta' : 'full'];
    count.offers += 1;
    count.bytes += bytes;
    return document;
  }

  /**
   * The secrets that a manifest names, sealed for the node at the other end of the link. What can't be sealed is logged and left out: the node
   * then says which secret it lacks.
   */
  sealed(session: Session, manifest: Manifest): SealedSecret[] {
    const { vault, logger } = this.#parts;
    if (session.publicKey === undefined) return [];
    try {
      return vault.sealFor(manifest, session.publicKey);
    } catch (error) {
      logger.error({ err: error, node: session.node, revision: manifest.revision }, 'secrets not sent');
      return [];
    }
  }

  /** Targets changed: offers and views follow. */
  targetsChanged(names: readonly string[]): void {
    for (const name of names) {
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
    const compiled = this.#desired(this.#entry(name));
    if (compiled === undefined || ShoalError.is(compiled)) return [];
    return compiled.manifest.services.map((service) => service.name);
  }

  /** Renews leases that are old enough. `grant` makes one. */
  renewLeases(renewAfterMs: number, renew: (session: Session) => void): void {
    const now = this.#parts.now();
    for (const entry of this.#entries.values()) {
      if (entry.session === null || now - entry.leaseAt < renewAfterMs) continue;
      entry.leaseAt = now;
      renew(entry.session);
    }
  }

  /** All nodes as a rollout sees them; its revisions are prepared. */
  observe({ revision, back, ranks, touched }: RolloutAngle): Map<string, ObservedNode> {
    const { manifests, targets } = this.#parts;
    const observed = new Map<string, ObservedNode>();
    for (const [name, entry] of this.#entries) {
      const { record, measured } = entry;
      const known = {
        presence: this.#presence(entry),
        site: record.site,
        measured,
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
    for (const [name, entry] of this.#entries) {
      const { record, measured } = entry;
      const presence = this.#presence(entry);
      holders.set(name, { presence, enrolledAt: record.enrolledAt, keys: measured?.gossipKeys ?? null });
    }
    return holders;
  }

  #presence(entry: Entry): Presence {
    const { membership, now } = this.#parts;
    // Of a node that stands by its link the gossip's verdict isn't asked: it costs more than all the rest.
    const isLinked = entry.session !== null && entry.measured !== null;
    const state = isLinked ? undefined : membership.member(entry.record.name)?.state;
    return presenceOf(entry, state, now());
  }

  #desired({ record }: Entry): CompiledManifest | ShoalError | undefined {
    return this.#parts.manifests.at(record, this.#parts.targets.get(record.name)?.revision ?? 0);
  }

  #view(entry: Entry): NodeView {
    const compiled = this.#desired(entry);
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

function fresh(record: NodeRecord, now: number): Entry {
  return {
    record,
    facts: null,
    measured: null,
    lastSeenAt: null,
    awaySince: now,
    session: null,
    leaseAt: now,
    dirty: false,
  };
}
