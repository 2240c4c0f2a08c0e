import {
  type DeltaPart,
  deltaBytes,
  type ManifestDelta,
  makeDelta,
  payloadParts,
  type SignedDocument,
} from '@shoal/common';
import type { CompiledManifest } from './compiler.js';

/** Deltas that are kept; beyond that all are dropped and made again. */
const keptDeltas = 2000;

/** How a signed manifest travels: whole, or by what differs from one that the node has. */
export type OfferedDocument =
  | { readonly manifest: SignedDocument; readonly bytes: number }
  | { readonly delta: ManifestDelta; readonly bytes: number };

/** A manifest that a node has. */
export type DeltaBase = Pick<CompiledManifest, 'hash' | 'content'>;

/** What was offered since the start, by how it travelled. */
export interface OfferCount {
  offers: number;
  bytes: number;
}

/** Makes deltas; of nodes that go from the same content to the same content, once. */
export class OfferedDocuments {
  readonly #deltas = new Map<string, readonly DeltaPart[]>();

  /** The smaller way. `base` undefined: the node has nothing that is known here, or wants it whole. */
  choose(signed: SignedDocument, compiled: CompiledManifest, base: DeltaBase | undefined): OfferedDocument {
    const size = signed.payload?.length ?? 0;
    const whole = { manifest: signed, bytes: size };
    if (base === undefined) return whole;
    const { head, services } = payloadParts(compiled.manifest, compiled.content);
    const parts = [{ insert: head, from: 0, length: 0 }, ...this.#partsOf(base, compiled.hash, services)];
    const bytes = deltaBytes(parts) + base.hash.length;
    if (bytes >= size) return whole;
    const signature = signed.signature ?? Buffer.alloc(0);
    const sent = parts.map(({ insert, from, length }) => ({ insert: Buffer.from(insert), from, length }));
    return { delta: { base: base.hash, size, parts: sent, signature }, bytes };
  }

  #partsOf(base: DeltaBase, hash: string, services: Buffer): readonly DeltaPart[] {
    const key = `${base.hash}/${hash}`;
    const known = this.#deltas.get(key);
    if (known !== undefined) return known;
    const parts = makeDelta(base.content, services);
    if (this.#deltas.size >= keptDeltas) this.#deltas.clear();
    this.#deltas.set(key, parts);
    return parts;
  }
}
