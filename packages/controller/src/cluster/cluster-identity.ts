import {
  CertificateAuthority,
  createSigningKey,
  newClusterId,
  ShoalError,
  type SigningKey,
} from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** What makes a cluster this one: made at the controller's first start, the same ever after. Holds secrets. */
export interface ClusterIdentity {
  /** `newClusterId`. */
  readonly id: string;
  readonly name: string;
  readonly authority: CertificateAuthority;
  /** Signs manifests and leases. */
  readonly signingKey: SigningKey;
}

interface StoredIdentity {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly caCertificatePem: string;
  readonly caKeyPem: string;
  readonly signingKey: SigningKey;
}

async function create(name: string, now: number): Promise<StoredIdentity> {
  const authority = await CertificateAuthority.create({ clusterName: name, now });
  return {
    id: newClusterId(),
    name,
    createdAt: now,
    caCertificatePem: authority.certificatePem,
    caKeyPem: authority.keyPem,
    signingKey: createSigningKey(),
  };
}

/**
 * The cluster's identity from the store, made there in one transaction when there is none.
 *
 * @throws ShoalError `failed_precondition` when the configured name isn't the stored one: specs and people know the cluster by it
 */
export async function openClusterIdentity(store: Store, name: string, now: number): Promise<ClusterIdentity> {
  let stored = (await getJson<StoredIdentity>(store, keys.cluster))?.value;
  if (stored === undefined) {
    const made = await create(name, now);
    const compare = [{ key: keys.cluster, modRevision: 0 }];
    const result = await store.transact({ compare, writes: [putJson(keys.cluster, made)] });
    // Another controller on the same store was quicker.
    stored = result.committed ? made : (await getJson<StoredIdentity>(store, keys.cluster))?.value;
  }
  if (stored === undefined) throw new ShoalError('internal', 'The cluster identity vanished from the store');
  if (stored.name !== name) {
    throw new ShoalError(
      'failed_precondition',
      `The data directory belongs to the cluster "${stored.name}", the configuration names "${name}"`,
      { hint: `Set cluster.name to "${stored.name}", or give the other cluster a dataDir of its own.` },
    );
  }
  return {
    id: stored.id,
    name: stored.name,
    authority: await CertificateAuthority.load({
      certificatePem: stored.caCertificatePem,
      keyPem: stored.caKeyPem,
    }),
    signingKey: stored.signingKey,
  };
}
