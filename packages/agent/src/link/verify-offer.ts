import {
  applyDelta,
  contentHash,
  contentOfPayload,
  type Manifest,
  type ManifestDelta__Output,
  type ManifestHead,
  manifestOfHead,
  type Offer__Output,
  ShoalError,
  type SignedDocument__Output,
  verifyDocument,
} from '@shoal/common';
import type { LeaseTrust } from '../lease/verify-lease.js';

/** Whose manifests count: those signed by the cluster's key, for this cluster and this node. */
export type Trust = LeaseTrust;

/** A manifest whose signature holds, with the bytes that its content hash is of. */
export interface VerifiedOffer {
  readonly manifest: Manifest;
  readonly content: Buffer;
}

/** Of the manifest with that content hash, the bytes that the hash is of; undefined: the node doesn't have it. */
export type ContentOf = (hash: string) => Buffer | undefined;

/** The manifest in a signed document. Throws `permission_denied` for another's signature, cluster or node, `invalid_input` for a format that this agent doesn't know. */
export function verifyManifest(document: SignedDocument__Output | null, trust: Trust): Manifest {
  if (document === null) throw new ShoalError('invalid_input', 'the offer holds no manifest');
  const manifest = verifyDocument<Manifest>(document, trust.manifestPublicKeyPem, 'manifest');
  checkAddressee(manifest, trust);
  return manifest;
}

function checkAddressee({ format, clusterId, node }: Manifest, trust: Trust): void {
  if (format !== 1) {
    throw new ShoalError('invalid_input', `the manifest has format ${String(format)}, this agent knows 1`, {
      hint: 'upgrade the agent',
    });
  }
  if (clusterId !== trust.clusterId) {
    throw new ShoalError(
      'permission_denied',
      `the manifest is for cluster ${clusterId}, not ${trust.clusterId}`,
    );
  }
  if (node !== trust.node) {
    throw new ShoalError('permission_denied', `the manifest is for node ${node}, not ${trust.node}`);
  }
}

/** The manifest that a delta makes of one that this node has, by its signed head. Whatever it throws: the whole one must be asked for. */
function rebuildManifest(delta: ManifestDelta__Output, trust: Trust, contentOf: ContentOf): VerifiedOffer {
  if (delta.head === null) throw new ShoalError('invalid_input', 'the delta holds no signed head');
  const head = verifyDocument<ManifestHead>(delta.head, trust.manifestPublicKeyPem, 'manifest');
  const base = contentOf(delta.base);
  if (base === undefined) {
    throw new ShoalError(
      'not_found',
      `the node doesn't have ${delta.base.slice(0, 12)}, which it builds upon`,
    );
  }
  const content = applyDelta(base, delta.parts, delta.size);
  const manifest = manifestOfHead(head, content);
  checkAddressee(manifest, trust);
  return { manifest, content };
}

function verifyWhole(document: SignedDocument__Output | null, trust: Trust): VerifiedOffer {
  const manifest = verifyManifest(document, trust);
  return { manifest, content: contentOfPayload(manifest, document?.payload ?? new Uint8Array()) };
}

/** The manifest of an offer, once signature, addressee, revision and content hash hold. Throws as `verifyManifest` does. */
export function verifyOffer(offer: Offer__Output, trust: Trust, contentOf: ContentOf): VerifiedOffer {
  const { delta } = offer;
  const verified =
    delta === null ? verifyWhole(offer.manifest, trust) : rebuildManifest(delta, trust, contentOf);
  const { manifest, content } = verified;
  const hash = contentHash(content);
  if (hash !== offer.hash || manifest.revision !== offer.revision) {
    throw new ShoalError(
      'permission_denied',
      `the offer of revision ${offer.revision} (${offer.hash.slice(0, 12)}) holds revision ${manifest.revision} (${hash.slice(0, 12)})`,
    );
  }
  return verified;
}
