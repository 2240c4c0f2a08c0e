import {
  type DeltaPart,
  deltaBytes,
  type ManifestDelta,
  makeDelta,
  type SignedDocument,
} from '@shoal/common';
import type { CompiledManifest } from './compiler.js';
import type { Manifests } from './manifests.js';

/** Deltas that are kept; beyond that all are dropped and made again. */
const keptDeltas = 2000;
/** What the signed head of a manifest takes beside its delta, bytes at most: names have at most 63, the rest is hashes. */
const headBytes = 400;

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

/** What nodes with the same content before and after have in common. */
interface SharedDelta {
  readonly parts: (DeltaPart & { readonly insert: Buffer })[];
  readonly bytes: number;
}

/** Makes deltas; of nodes that go from the same content to the same content, once. */
export class OfferedDocuments {
  readonly #signer: Pick<Manifests, 'sign' | 'signHead'>;
  readonly #deltas = new Map<string, SharedDelta>();

  constructor(signer: Pick<Manifests, 'sign' | 'signHead'>) {
    this.#signer = signer;
  }

  /** The smaller way. `base` undefined: the node has nothing that is known here, or wants it whole. */
  choose(compiled: CompiledManifest, base: DeltaBase | undefined): OfferedDocument {
    const size = compiled.content.length;
    const shared = base === undefined ? undefined : this.#sharedDelta(base, compiled);
    if (base === undefined || shared === undefined || shared.bytes + headBytes >= size) {
      const manifest = this.#signer.sign(compiled);
      return { manifest, bytes: manifest.payload?.length ?? 0 };
    }
    const head = this.#signer.signHead(compiled);
    const bytes = shared.bytes + (head.payload?.length ?? 0);
    return { delta: { base: base.hash, size, parts: shared.parts, head }, bytes };
  }

  #sharedDelta(base: DeltaBase, { hash, content }: CompiledManifest): SharedDelta {
    const key = `${base.hash}/${hash}`;
    const known = this.#deltas.get(key);
    if (known !== undefined) return known;
    const made = makeDelta(base.content, content);
    const parts = made.map(({ insert, from, length }) => ({ insert: Buffer.from(insert), from, length }));
    const shared = { parts, bytes: deltaBytes(parts) + base.hash.length };
    if (this.#deltas.size >= keptDeltas) this.#deltas.clear();
    this.#deltas.set(key, shared);
    return shared;
  }
}
