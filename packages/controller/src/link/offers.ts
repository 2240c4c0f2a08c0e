import { type Logger, type Manifest, type Offer, type SealedSecret, ShoalError } from '@shoal/common';
import { gateOf } from '../rollout/gate.js';
import type { Targets } from '../rollout/targets.js';
import type { Vault } from '../secrets/vault.js';
import type { CompiledManifest } from '../spec/compiler.js';
import type { Manifests } from '../spec/manifests.js';
import { type OfferCount, OfferedDocuments } from '../spec/offered-document.js';
import type { Entry } from './node-entry.js';
import { isOutstanding } from './presence.js';
import { decideOffer } from './report.js';
import type { Session } from './session.js';

/** What `Offers` needs of the rest. */
export interface OffersComponents {
  readonly targets: Pick<Targets, 'get'>;
  readonly manifests: Pick<Manifests, 'at' | 'held' | 'prepare' | 'sign' | 'signHead' | 'spec'>;
  readonly vault: Pick<Vault, 'sealFor'>;
  readonly logger: Logger;
}

/** Offers nodes what they shall be. */
export class Offers {
  readonly #parts: OffersComponents;
  readonly #documents: OfferedDocuments;
  /** Manifests that were offered since the start: whole, and by what differs. Bytes of the signed document as it was sent. */
  readonly counts: Readonly<Record<'full' | 'delta', OfferCount>> = {
    full: { offers: 0, bytes: 0 },
    delta: { offers: 0, bytes: 0 },
  };

  constructor(parts: OffersComponents) {
    this.#parts = parts;
    this.#documents = new OfferedDocuments(parts.manifests);
  }

  /** What the node shall be; undefined: nothing is asked of it; the error when its manifest can't be compiled. */
  desired({ record }: Pick<Entry, 'record'>): CompiledManifest | ShoalError | undefined {
    return this.#parts.manifests.at(record, this.#parts.targets.get(record.name)?.revision ?? 0);
  }

  /** Offers the node what it shall be, when it isn't that and may be asked. */
  reconcile(entry: Entry): void {
    const { session, measured, record } = entry;
    if (session === null || measured === null) return;
    const desired = this.desired(entry);
    if (desired === undefined || ShoalError.is(desired)) return;
    const { hash, manifest } = desired;
    const { revision } = manifest;
    const { attempt = 0, undo = false } = this.#parts.targets.get(record.name) ?? {};
    const decision = decideOffer({ hash, revision, attempt }, measured, isOutstanding(entry));
    if (!decision.offer) return;
    const what = { hash, revision, attempt, retryFailed: decision.retryFailed };
    const isSent = session.offer(what, () => ({
      ...this.#documentFor(entry, session, desired),
      secrets: this.sealed(session, manifest),
      ...this.#gateAt(revision, undo),
    }));
    if (isSent) this.#parts.logger.info({ node: record.name, ...what }, 'manifest offered');
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
    const { bytes, ...document } = this.#documents.choose(desired, base);
    const count = this.counts['delta' in document ? 'delta' : 'full'];
    count.offers += 1;
    count.bytes += bytes;
    return document;
  }

  /** What a node runs is at hand for later: what it is offered then is told by what differs. That it isn't in the store any more does no harm. */
  prepareBase(revision: number): void {
    this.#parts.manifests.prepare(revision).catch(() => undefined);
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
}
