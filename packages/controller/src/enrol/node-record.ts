import { ShoalError } from '@shoal/common';

/** Member name of the controller in the gossip; no node may have it. */
export const controllerName = 'controller';

/** A certificate that a node holds. */
export interface NodeCertificate {
  /** Hex. */
  readonly serial: string;
  /** ms since the epoch. */
  readonly notAfter: number;
}

/** What the store keeps of a node, key `nodes/<name>`. */
export interface NodeRecord {
  readonly name: string;
  readonly site: string;
  readonly enrolledAt: number;
  readonly agentVersion: string;
  /** SHA-256 (hex) of the token's secret and of the signing request by which it came in: who repeats both, asks for an answer that was lost. */
  readonly enrolledBy?: { readonly secret: string; readonly csr: string };
  /** Those that aren't over, oldest first. */
  readonly certificates: readonly NodeCertificate[];
}

/** The record with one more certificate; those that are over are dropped. */
export function withCertificate(record: NodeRecord, certificate: NodeCertificate, now: number): NodeRecord {
  const valid = record.certificates.filter(({ notAfter }) => notAfter > now);
  return { ...record, certificates: [...valid, certificate] };
}

/** End of the newest certificate, ms since the epoch. */
export function certificateExpiry(record: NodeRecord): number {
  return Math.max(0, ...record.certificates.map(({ notAfter }) => notAfter));
}

/** A name that is taken. */
export function nameTaken(name: string): ShoalError {
  if (name === controllerName) {
    return new ShoalError(
      'already_exists',
      `"${controllerName}" is the controller's own name in the gossip`,
      {
        hint: 'Give the node another name: node.name in agent.yaml.',
      },
    );
  }
  return new ShoalError('already_exists', `A node named "${name}" is enrolled already`, {
    hint: `Give this node another name (node.name in agent.yaml); or, when the old one is gone for good: shoal node rm ${name}`,
  });
}

/** Whether a text may name a site: 1 to 63 of a-z, 0-9, '-' and '.'. */
export function isSiteName(site: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{0,62}$/.test(site);
}
