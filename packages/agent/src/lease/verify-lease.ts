import { type Lease, ShoalError, type SignedDocument__Output, verifyDocument } from '@shoal/common';

/** Whose leases count: the cluster's key, the cluster and the node. */
export interface LeaseTrust {
  readonly manifestPublicKeyPem: string;
  readonly clusterId: string;
  readonly node: string;
}

/** The lease in a signed document. Throws `permission_denied` for another's signature, cluster or node, `invalid_input` for a format that this agent doesn't know. */
export function verifyLease(document: SignedDocument__Output, trust: LeaseTrust): Lease {
  const lease = verifyDocument<Lease>(document, trust.manifestPublicKeyPem, 'lease');
  if (lease.format !== 2) {
    const message = `the lease has the format ${String(lease.format)}, this agent knows 2`;
    throw new ShoalError('invalid_input', message, { hint: 'upgrade the agent' });
  }
  if (lease.clusterId !== trust.clusterId || lease.node !== trust.node) {
    throw new ShoalError(
      'permission_denied',
      `the lease is for node ${lease.node} of cluster ${lease.clusterId}, this is ${trust.node} of ${trust.clusterId}`,
    );
  }
  return lease;
}
