import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Lease,
  type Logger,
  ShoalError,
  type SignedDocument__Output,
  writeFileAtomic,
} from '@shoal/common';
import type { HeldTerm } from './held-term.js';
import type { BookEntries } from './lease-book.js';
import { type LeaseTrust, verifyLease } from './verify-lease.js';

/** What stands in `lease.json`. The lease is kept as it was signed, and verified again when it is read. */
interface Stored {
  readonly format: 2;
  /** Base64; null: none. */
  readonly document: { readonly payload: string; readonly signature: string } | null;
  readonly term: Omit<HeldTerm, 'lease'> | null;
  readonly serials: { readonly clusterId: string; readonly last: number };
  readonly clock: BookEntries['clock'];
}

interface KeptLease {
  readonly entries: BookEntries;
  readonly document: SignedDocument__Output | undefined;
}

/** Keeps the book's entries in the data directory, whole also after a crash. */
export class LeaseFile {
  readonly #path: string;
  readonly #logger: Logger;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string, logger: Logger) {
    this.#path = join(dataDir, 'lease.json');
    this.#logger = logger;
  }

  /** What was kept, and what of it counts under this trust (undefined: no lease does). A file that can't be used is logged, and nothing then. */
  async read(trust: LeaseTrust | undefined): Promise<KeptLease | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const stored = JSON.parse(text) as Stored;
      if (stored.format !== 2) throw new ShoalError('invalid_input', 'it is of an earlier version');
      return this.#entries(stored, trust);
    } catch (thrown) {
      this.#refused(thrown);
      return undefined;
    }
  }

  /** Writes it down, after what is being written. A disk that refuses is logged: what is in memory counts on. */
  async write(entries: BookEntries, document: SignedDocument__Output | undefined): Promise<void> {
    const { held, clusterId, serial, clock } = entries;
    const stored: Stored = {
      format: 2,
      document:
        document === undefined || held === null
          ? null
          : { payload: base64(document.payload), signature: base64(document.signature) },
      term: held === null ? null : termOf(held),
      serials: { clusterId, last: serial },
      clock,
    };
    const text = `${JSON.stringify(stored)}\n`;
    this.#writing = this.#writing.then(() => this.#put(text));
    await this.#writing;
  }

  #entries({ document, term, serials, clock }: Stored, trust: LeaseTrust | undefined): KeptLease {
    const entries = { held: null, clusterId: serials.clusterId, serial: serials.last, clock };
    const nothing = { entries, document: undefined };
    if (trust === undefined || document === null || term === null) return nothing;
    try {
      const signed = {
        payload: Buffer.from(document.payload, 'base64'),
        signature: Buffer.from(document.signature, 'base64'),
      };
      const lease = verifyLease(signed, trust);
      if (!isTermOf(lease, term)) throw new ShoalError('invalid_input', "its term isn't the lease's");
      return { entries: { ...entries, held: { lease, ...term } }, document: signed };
    } catch (thrown) {
      this.#refused(thrown);
      return nothing;
    }
  }

  #refused(thrown: unknown): void {
    this.#logger.warn({ reason: ShoalError.from(thrown).message }, 'the stored lease cannot be used');
  }

  async #put(text: string): Promise<void> {
    await writeFileAtomic(this.#path, text, { mode: 0o600 }).catch((error: unknown) => {
      this.#logger.warn({ reason: ShoalError.from(error).message }, 'keeping the lease failed');
    });
  }
}

function termOf({ startsAt, endsAt, aheadMs }: HeldTerm): NonNullable<Stored['term']> {
  return { startsAt, endsAt, aheadMs };
}

function isTermOf(lease: Lease, { startsAt, endsAt, aheadMs = 0 }: NonNullable<Stored['term']>): boolean {
  if (!Number.isFinite(aheadMs) || aheadMs < 0) return false;
  return Number.isFinite(startsAt) && endsAt - startsAt <= lease.expiresAt - lease.issuedAt;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
