import { randomBytes } from 'node:crypto';
import { encodeJoinToken, hashSecret, nearest, ShoalError, type TokenView } from '@shoal/common';
import { getJson, listJson, putJson, type Stored, updateJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';

/** What the store keeps of a join token, under the hash of its secret; the secret itself is nowhere. */
export interface TokenRecord {
  /** Names the token in lists; no secret. */
  readonly id: string;
  readonly secretHash: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly uses: number;
  readonly used: number;
  readonly revokedAt: number | null;
}

/** The token's state at a time. */
export function tokenView(record: TokenRecord, now: number): TokenView {
  const { id, createdAt, createdBy, expiresAt, uses, used } = record;
  return { id, createdAt, createdBy, expiresAt, uses, usesLeft: uses - used, state: stateOf(record, now) };
}

function stateOf(record: TokenRecord, now: number): 'active' | 'expired' | 'used' | 'revoked' {
  if (record.revokedAt !== null) return 'revoked';
  if (record.used >= record.uses) return 'used';
  return now >= record.expiresAt ? 'expired' : 'active';
}

const createHint = 'Make a new one on the controller: shoal token create';

function refused(message: string): ShoalError {
  return new ShoalError('unauthenticated', message, { hint: createHint });
}

/** @throws ShoalError `unauthenticated` that tells why the token is no good (any more) */
function checkUsable(record: TokenRecord | undefined, now: number, usedAlready: boolean): TokenRecord {
  if (record === undefined) throw refused('The join token is unknown here');
  const { id, uses, expiresAt } = record;
  const state = stateOf(usedAlready ? { ...record, used: 0 } : record, now);
  if (state === 'revoked') throw refused(`The join token ${id} was revoked`);
  if (state === 'used') throw refused(`The join token ${id} is used up (${uses} of ${uses} uses)`);
  if (state === 'expired')
    throw refused(`The join token ${id} expired at ${new Date(expiresAt).toISOString()}`);
  return record;
}

/** Join tokens: made, listed, revoked, and counted as nodes enroll. */
export class Tokens {
  readonly #store: Store;
  readonly #cluster: { readonly id: string; readonly caFingerprint: string };
  readonly #now: () => number;

  constructor(
    store: Store,
    cluster: { readonly id: string; readonly caFingerprint: string },
    now: () => number,
  ) {
    this.#store = store;
    this.#cluster = cluster;
    this.#now = now;
  }

  /** The token itself is in the answer only. */
  async create(options: {
    ttlMs: number;
    uses: number;
    createdBy: string;
  }): Promise<TokenView & { token: string }> {
    const secret = randomBytes(24).toString('base64url');
    const now = this.#now();
    const record: TokenRecord = {
      id: randomBytes(5).toString('hex'),
      secretHash: hashSecret(secret),
      createdAt: now,
      createdBy: options.createdBy,
      expiresAt: now + options.ttlMs,
      uses: options.uses,
      used: 0,
      revokedAt: null,
    };
    await this.#store.transact({ writes: [putJson(keys.token(record.secretHash), record)] });
    const { id: clusterId, caFingerprint } = this.#cluster;
    const token = encodeJoinToken({ clusterId, caFingerprint, id: record.id, secret });
    return { ...tokenView(record, now), token };
  }

  /** Newest first. */
  async list(): Promise<readonly TokenView[]> {
    const records = await listJson<TokenRecord>(this.#store, keys.tokens);
    return records.map((record) => tokenView(record, this.#now())).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** No node can enroll by it from now on. @throws ShoalError `not_found` */
  async revoke(id: string): Promise<TokenView> {
    const records = await listJson<TokenRecord>(this.#store, keys.tokens);
    const record = records.find((candidate) => candidate.id === id);
    if (record === undefined) {
      const near = nearest(
        id,
        records.map((candidate) => candidate.id),
      );
      const hint = near === undefined ? 'List them: shoal token ls' : `Did you mean ${near}?`;
      throw new ShoalError('not_found', `No join token ${id}`, { hint });
    }
    const revoked = await updateJson<TokenRecord>(this.#store, keys.token(record.secretHash), (present) =>
      present === undefined || present.revokedAt !== null
        ? undefined
        : { ...present, revokedAt: this.#now() },
    );
    return tokenView(revoked ?? record, this.#now());
  }

  /** The token of a secret, checked; for one who used it already, one that is used up is good still. @throws ShoalError `unauthenticated` */
  async find(secret: string, usedAlready = false): Promise<Stored<TokenRecord>> {
    const stored = await getJson<TokenRecord>(this.#store, keys.token(hashSecret(secret)));
    return {
      value: checkUsable(stored?.value, this.#now(), usedAlready),
      modRevision: stored?.modRevision ?? 0,
    };
  }

  /** The write that counts one use; to be committed with a comparison of the record's `modRevision`. */
  useWrite(record: TokenRecord): Write {
    return putJson(keys.token(record.secretHash), { ...record, used: record.used + 1 });
  }

  /** Forgets tokens that were over a week ago. */
  async prune(): Promise<void> {
    const limit = this.#now() - 7 * 86_400_000;
    const over = (await listJson<TokenRecord>(this.#store, keys.tokens)).filter(
      ({ expiresAt }) => expiresAt < limit,
    );
    for (const { secretHash } of over) {
      await this.#store.transact({ writes: [{ type: 'delete', key: keys.token(secretHash) }] });
    }
  }
}
