import type { RevisionDetail, RevisionDiff, RevisionStatus, RevisionView } from '@shoal/common';
import { diffSpecs, isRolloutEnded, parseSpec, ShoalError } from '@shoal/common';
import type { RolloutState } from '../rollout/state.js';
import { decodeJson, getJson, type Stored } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import { changedSecrets } from './plan-secrets.js';
import { unifiedDiff } from './unified-diff.js';

/** What the store keeps of a revision, key `revisions/<number>`; it never changes. */
export interface RevisionRecord {
  readonly number: number;
  readonly createdAt: number;
  readonly author: string;
  readonly reason: string;
  /** Name of the author's file, for messages. */
  readonly file: string;
  /** YAML, as the author wrote it. */
  readonly spec: string;
  /** SHA-256 of `spec`, hex. */
  readonly specHash: string;
  readonly basedOn: number;
  /** Blueprint as the spec names it, to the hash of its content: so that a revision means the same after blueprints changed. */
  readonly blueprints: Readonly<Record<string, string>>;
  /** Secret that the spec refers to, to the version that it means: the newest when it was committed. Absent: none. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Which revisions matter now, key `spec/head`. */
export interface Head {
  /** Newest; 0: none yet. */
  readonly latest: number;
  /** Newest whose rollout succeeded; 0: none yet. */
  readonly active: number;
}

function statusOf(
  number: number,
  rollout: Pick<RolloutState, 'status'> | undefined,
  head: Head,
): RevisionStatus {
  if (rollout === undefined) return 'pending';
  if (!isRolloutEnded(rollout.status)) return 'rolling-out';
  if (rollout.status === 'failed' || rollout.status === 'aborted') return rollout.status;
  return head.active === number ? 'active' : 'superseded';
}

/** The revisions in the store. */
export class Revisions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** With the `modRevision` that a commit compares. */
  async head(): Promise<Stored<Head>> {
    return (
      (await getJson<Head>(this.#store, keys.head)) ?? { value: { latest: 0, active: 0 }, modRevision: 0 }
    );
  }

  /** @throws ShoalError `not_found` */
  async record(number: number): Promise<RevisionRecord> {
    const stored = await getJson<RevisionRecord>(this.#store, keys.revision(number));
    if (stored !== undefined) return stored.value;
    const { latest } = (await this.head()).value;
    const hint =
      latest === 0
        ? 'Make the first one: shoal apply cluster.yaml'
        : `The newest is ${latest}: shoal revision ls`;
    throw new ShoalError('not_found', `There is no revision ${number}`, { hint });
  }

  async view(record: RevisionRecord): Promise<RevisionView> {
    const { number, createdAt, author, reason, specHash, basedOn } = record;
    const rollout = await getJson<Pick<RolloutState, 'status'>>(this.#store, keys.rollout(number));
    const status = statusOf(number, rollout?.value, (await this.head()).value);
    return { number, createdAt, author, reason, status, specHash, basedOn };
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly RevisionView[]> {
    const entries = await this.#store.list(keys.revisions, { limit, reverse: true });
    return Promise.all(entries.map((entry) => this.view(decodeJson<RevisionRecord>(entry))));
  }

  /** Default: the newest. @throws ShoalError `not_found` */
  async get(number?: number): Promise<RevisionDetail> {
    const record = await this.record(number ?? (await this.head()).value.latest);
    return { ...(await this.view(record)), spec: record.spec };
  }

  /** Default: `to` the newest, `from` the one before it; 0 stands for nothing at all. @throws ShoalError `not_found` */
  async diff(from?: number, to?: number): Promise<RevisionDiff> {
    const last = to ?? (await this.head()).value.latest;
    const first = from ?? Math.max(0, last - 1);
    const after = await this.record(last);
    const before = first === 0 ? undefined : await this.record(first);
    const beforeSpec = before === undefined ? undefined : parseSpec(before.spec, before.file);
    const afterSpec = parseSpec(after.spec, after.file);
    return {
      from: first,
      to: last,
      changes: diffSpecs(beforeSpec, afterSpec),
      secrets: changedSecrets(afterSpec, before?.secrets, after.secrets),
      text: unifiedDiff(before?.spec ?? '', after.spec, `revision ${first}`, `revision ${last}`),
    };
  }
}
