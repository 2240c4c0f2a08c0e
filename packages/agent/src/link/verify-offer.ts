import {
  applyDelta,
  contentHash,
  contentOfPayload,
  type Manifest,
  type ManifestDelta__Output,
  type Offer__Output,
  ShoalError,
  type SignedDocument__Output,
  verifyDocument,
} from '@shoal/common';
import type { LeaseTrust } from '../lease/lease-keeper.js';

/** Whose manifests count: those signed by the cluster's key, for this cluster and this node. */
export type Trust = LeaseTrust;

/** A manifest whose signature holds, with the bytes that its content hash is of. */
export interface VerifiedOffer {
  readonly manifest: Manifest;
  readonly content: Buffer;
}

/** The manifest in a signed document. Throws `permission_denied` for another's signature, cluster or node, `invalid_input` for a format that this agent doesn't know. */
export function verifyManifest(document: SignedDocument__Output | null, trust: Trust): Manifest {
  if (document === null) throw new ShoalError('invalid_input', 'the offer holds no manifest');
  const manifest = verifyDocument<Manifest>(document, trust.manifestPublicKeyPem, 'manifest');
  if (manifest.format !== 1) {
    throw new ShoalError(
      'invalid_input',
      `the manifest has format ${String(manifest.format)}, this agent knows 1`,
      {
        hint: 'upgrade the agent',
      },
    );
  }
  if (manifest.clusterId !== trust.clusterId) {
    throw new ShoalError(
      'permission_denied',
      `the manifest is for cluster ${manifest.clusterId}, not ${trust.clusterId}`,
    );
  }
  if (manifest.node !== trust.node) {
    throw new ShoalError('permission_denied', `the manifest is for node ${manifest.node}, not ${trust.node}`);
  }
  return manifest;
}

/**
 * The signed document that an offer's delta makes of a manifest that this node has; nothing of it is verified yet. `contentOf`: of the manifest with that content hash, the bytes that the hash is of.
 * Throws when the whole one must be asked for.
 */
export function rebuildManifest(
  delta: ManifestDelta__Output,
  contentOf: (hash: string) => Buffer | undefined,
): SignedDocument__Output {
  const content = contentOf(delta.base);
  if (content === undefined) {
    throw new ShoalError(
      'not_found',
      `the node doesn't have ${delta.base.slice(0, 12)}, which it builds upon`,
    );
  }
  if (contentHash(content) !== delta.base) {
    throw new ShoalError('invalid_input', `what the node has isn't ${delta.base.slice(0, 12)}`);
  }
  return { payload: applyDelta(content, delta.parts, delta.size), signature: delta.signature };
}

/** The manifest of an offer, once signature, addressee, revision and content hash hold. Throws as `verifyManifest` does. */
export function verifyOffer(offer: Offer__Output, trust: Trust): VerifiedOffer {
  const manifest = verifyManifest(offer.manifest, trust);
  const content = contentOfPayload(manifest, offer.manifest?.payload ?? new Uint8Array());
  const hash = contentHash(content);
  if (hash !== offer.hash || manifest.revision !== offer.revision) {
    throw new ShoalError(
      'permission_denied',
      `the offer of revision ${offer.revision} (${offer.hash.slice(0, 12)}) holds revision ${manifest.revision} (${hash.slice(0, 12)})`,
    );
  }
  return { manifest, content };
}
