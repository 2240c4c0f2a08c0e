import { X509Certificate } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
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
  readonly #asidePath: string;
  #saving: Promise<void> = Promise.resolve();
  #cameBack = false;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'identity.json');
    this.#asidePath = `${this.#path}.left`;
  }

  /** True once the identity was taken back. */
  get cameBack(): boolean {
    return this.#cameBack;
  }

  /** The identity; undefined when this node was never enrolled. Throws `failed_precondition` for a file that can't be understood. */
  async load(): Promise<NodeIdentity | undefined> {
    return await read(this.#path);
  }

  /** Puts it aside, for when the node comes back to the same cluster. */
  async putAside(): Promise<void> {
    await this.#saving;
    await rename(this.#path, this.#asidePath);
  }

  /** The identity that was put aside, which counts again; undefined: there is none of that cluster (undefined: of any) whose certificate is valid. */
  async takeBack(clusterId: string | undefined, now: number): Promise<NodeIdentity | undefined> {
    const left = await read(this.#asidePath).catch(() => undefined);
    if (left === undefined || now >= left.expiresAt) return undefined;
    if (clusterId !== undefined && left.clusterId !== clusterId) return undefined;
    await rename(this.#asidePath, this.#path);
    this.#cameBack = true;
    return left;
  }

  /** Forgets what was put aside. */
  async forgetAside(): Promise<void> {
    await rm(this.#asidePath, { force: true });
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

async function read(path: string): Promise<NodeIdentity | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const identity = JSON.parse(text) as NodeIdentity;
    new X509Certificate(identity.certificatePem);
    return identity;
  } catch (cause) {
    throw new ShoalError('failed_precondition', `${path} is damaged`, {
      hint: 'remove the node from the cluster (`shoal node rm`), delete the file, and enroll again with a new join token',
      cause,
    });
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
