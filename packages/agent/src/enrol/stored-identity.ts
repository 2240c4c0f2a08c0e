import { X509Certificate } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Identity__Output, ShoalError, writeFileAtomic } from '@shoal/common';

/** Who this node is in its cluster: what enrolment gave, and the key that never left the host. */
export interface NodeIdentity {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly node: string;
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly caPem: string;
  readonly manifestPublicKeyPem: string;
  /** Base64, the primary first. */
  readonly gossipKeys: readonly string[];
  readonly gossipSeeds: readonly string[];
  /** When the certificate was received, milliseconds since the epoch. */
  readonly issuedAt: number;
  /** End of the certificate's validity, milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Keeps the identity in one file, readable by the agent's user alone. */
export class IdentityFile {
  readonly #path: string;
  #saving: Promise<void> = Promise.resolve();

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'identity.json');
  }

  /** The identity; undefined when this node was never enrolled. Throws `failed_precondition` for a file that can't be understood. */
  async load(): Promise<NodeIdentity | undefined> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      const identity = JSON.parse(text) as NodeIdentity;
      new X509Certificate(identity.certificatePem);
      return identity;
    } catch (cause) {
      throw new ShoalError('failed_precondition', `${this.#path} is damaged`, {
        hint: 'remove the node from the cluster (`shoal node rm`), delete the file, and enroll again with a new join token',
        cause,
      });
    }
  }

  /** Stores the identity; of several calls the last one's stays. */
  save(identity: NodeIdentity): Promise<void> {
    const text = `${JSON.stringify(identity, null, 2)}\n`;
    const saved = this.#saving.then(() => writeFileAtomic(this.#path, text, { mode: 0o600 }));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Forgets the identity. */
  async remove(): Promise<void> {
    await this.#saving;
    await rm(this.#path, { force: true });
  }
}

/** The identity in the controller's answer, with the key that was asked for. Throws `internal` when the answer holds no certificate. */
export function identityOf(answer: Identity__Output, keyPem: string, now: number): NodeIdentity {
  const certificate = certificateOf(answer.certificatePem);
  return {
    clusterId: answer.clusterId,
    clusterName: answer.clusterName,
    node: answer.node,
    keyPem,
    certificatePem: answer.certificatePem,
    caPem: answer.caPem,
    manifestPublicKeyPem: answer.manifestPublicKeyPem,
    gossipKeys: answer.gossipKeys.map((key) => key.toString('base64')),
    gossipSeeds: answer.gossipSeeds,
    issuedAt: now,
    expiresAt: Date.parse(certificate.validTo),
  };
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ShoalError('internal', "the controller's answer holds no readable certificate", { cause });
  }
}

/** When the certificate is to be renewed: after two thirds of its life, milliseconds since the epoch. */
export function renewalDue(identity: Pick<NodeIdentity, 'issuedAt' | 'expiresAt'>): number {
  return identity.issuedAt + ((identity.expiresAt - identity.issuedAt) * 2) / 3;
}
