import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Lease,
  type Logger,
  ShoalError,
  type SignedDocument__Output,
  verifyDocument,
  writeFileAtomic,
} from '@shoal/common';

/** What templates see of the lease. */
export type Grant = Pick<Lease, 'tier' | 'limits'>;

/** What a node without a valid lease may do. */
export const freeGrant: Grant = { tier: 'free', limits: {} };

interface LeaseFileContent {
  readonly payload: string;
  readonly signature: string;
  /** Latest time that this host's clock was seen at, milliseconds since the epoch. */
  readonly seenAt: number;
}

/** What the keeper needs. */
export interface LeaseKeeperOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly now?: () => number;
  /** The grant changed: by a new lease, or by the end of one. */
  readonly changed: () => void;
}

/** How often the clock's latest time is written down, milliseconds. */
const recordEvery = 10 * 60_000;
/** Longest wait of a timer (setTimeout's own limit is 24.8 days). */
const longestWait = 24 * 3600_000;

/**
 * Keeps the node's lease on disk and says what it grants. Time never runs backwards for it: the latest time that was ever seen is kept on disk too, so
 * that a clock set back doesn't make a lease longer.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #path: string;
  readonly #now: () => number;
  #document: SignedDocument__Output | undefined;
  #lease: Lease | undefined;
  #seenAt = 0;
  #expiry: NodeJS.Timeout | undefined;
  #recorder: NodeJS.Timeout | undefined;
  #wasValid = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, 'lease.json');
    this.#now = options.now ?? Date.now;
  }

  /** Reads what was kept. `trust`: whose leases count; without it (standalone) there is none. */
  async start(trust: LeaseTrust | undefined): Promise<void> {
    const content = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (content !== undefined) await this.#restore(content, trust);
    this.#recorder = setInterval(() => void this.#record(), recordEvery);
    this.#recorder.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#expiry);
    clearInterval(this.#recorder);
    await this.#record();
  }

  /** Takes a lease from the controller. One that doesn't verify, is another node's or is older than the present one is refused: throws `permission_denied`. */
  async accept(document: SignedDocument__Output, trust: LeaseTrust): Promise<void> {
    const lease = verifyLease(document, trust);
    if (this.#lease !== undefined && lease.issuedAt < this.#lease.issuedAt) return;
    this.#document = document;
    this.#lease = lease;
    // The controller signed this time, so it has been.
    this.#seenAt = Math.max(this.#seenAt, lease.issuedAt);
    await this.#record();
    this.#watchExpiry();
    this.#options.changed();
  }

  /** Forgets the lease: the node left its cluster. */
  async forget(): Promise<void> {
    this.#document = undefined;
    this.#lease = undefined;
    clearTimeout(this.#expiry);
    await this.#record();
    this.#options.changed();
  }

  /** What the node may do now. */
  grant(): Grant {
    const lease = this.#lease;
    if (lease === undefined || this.time() >= lease.expiresAt) return freeGrant;
    return { tier: lease.tier, limits: lease.limits };
  }

  /** The lease, valid or not. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** The clock, never earlier than it was seen before. Milliseconds since the epoch. */
  time(): number {
    this.#seenAt = Math.max(this.#seenAt, this.#now());
    return this.#seenAt;
  }

  async #restore(content: string, trust: LeaseTrust | undefined): Promise<void> {
    try {
      const stored = JSON.parse(content) as LeaseFileContent;
      this.#seenAt = stored.seenAt;
      if (trust === undefined || stored.payload === '') return;
      const document = {
        payload: Buffer.from(stored.payload, 'base64'),
        signature: Buffer.from(stored.signature, 'base64'),
      };
      this.#lease = verifyLease(document, trust);
      this.#document = document;
      this.#watchExpiry();
    } catch (error) {
      this.#options.logger.warn(
        { reason: ShoalError.from(error).message },
        'the stored lease cannot be used',
      );
    }
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const lease = this.#lease;
    if (lease === undefined) return;
    const left = lease.expiresAt - this.time();
    if (left <= 0) {
      if (this.#wasValid) this.#options.changed();
      this.#wasValid = false;
      this.#options.logger.warn(
        { expiredAt: new Date(lease.expiresAt) },
        'the lease has ended: limits of the free tier apply until the controller renews it',
      );
      return;
    }
    this.#wasValid = true;
    this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(left, longestWait));
    this.#expiry.unref();
  }

  async #record(): Promise<void> {
    const content: LeaseFileContent = {
      payload: this.#document?.payload.toString('base64') ?? '',
      signature: this.#document?.signature.toString('base64') ?? '',
      seenAt: this.time(),
    };
    await writeFileAtomic(this.#path, `${JSON.stringify(content)}\n`, { mode: 0o600 }).catch(
      (error: unknown) => {
        this.#options.logger.warn({ reason: ShoalError.from(error).message }, 'keeping the lease failed');
      },
    );
  }
}

/** Whose leases count: the cluster's key, the cluster and the node. */
export interface LeaseTrust {
  readonly manifestPublicKeyPem: string;
  readonly clusterId: string;
  readonly node: string;
}

function verifyLease(document: SignedDocument__Output, trust: LeaseTrust): Lease {
  const lease = verifyDocument<Lease>(document, trust.manifestPublicKeyPem, 'lease');
  if (lease.format !== 2) {
    throw new ShoalError('permission_denied', `lease has the format ${lease.format}, this version knows 2`);
  }
  if (lease.clusterId !== trust.clusterId || lease.node !== trust.node) {
    throw new ShoalError(
      'permission_denied',
      `lease is for node ${lease.node} of cluster ${lease.clusterId}, this is ${trust.node} of ${trust.clusterId}`,
    );
  }
  return lease;
}
