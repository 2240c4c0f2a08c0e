import { randomBytes } from 'node:crypto';
import { type AuditEntry, ShoalError } from '@shoal/common';
import type { Actor } from '../services.js';
import type { Store, Write } from '../store/store.js';

/** Where audit records are kept in the store: `audit/<id>`, ids rise with time. */
export const auditPrefix = 'audit/';

/** What a record is made of; its id comes from the time. */
export interface AuditRecord {
  readonly at: number;
  /** `controller` is the door of what happens by itself. */
  readonly actor: { readonly name: string; readonly door: Actor['door'] | 'controller' };
  readonly operation: string;
  /** Without secrets. */
  readonly input: unknown;
  /** `ok`, or `<error code>: <message>`. */
  readonly outcome: string;
}

let made = 0;

/**
 * An id that sorts by time: milliseconds in 13 digits, then a count so that those of the same millisecond keep their order, then
 * randomness so that two controllers never make the same.
 */
export function newAuditId(at: number): string {
  made = (made + 1) % 0x10000;
  return `${String(at).padStart(13, '0')}-${made.toString(16).padStart(4, '0')}${randomBytes(3).toString('hex')}`;
}

/** The write that makes a record, for those who put it into the transaction of the change itself. */
export function auditWrite(record: AuditRecord, id: string = newAuditId(record.at)): Write {
  const entry: AuditEntry = {
    id,
    at: record.at,
    actor: record.actor.name,
    door: record.actor.door,
    operation: record.operation,
    input: record.input ?? null,
    outcome: record.outcome.slice(0, 1000),
  };
  return { type: 'put', key: `${auditPrefix}${id}`, value: Buffer.from(JSON.stringify(entry)) };
}

/** The words of an outcome for the record. */
export function outcomeOf(error: unknown): string {
  const known = ShoalError.from(error);
  return `${known.code}: ${known.message}`;
}

/** The audit log in the store. */
export interface AuditLog {
  /** Writes (or with the same `id` overwrites) a record; durable when it resolves. Gives the id. */
  record(record: AuditRecord, id?: string): Promise<string>;
  /** The newest records first. */
  list(limit: number): Promise<readonly AuditEntry[]>;
}

export function createAuditLog(store: Store): AuditLog {
  return {
    async record(record, id = newAuditId(record.at)) {
      await store.transact({ writes: [auditWrite(record, id)] });
      return id;
    },
    async list(limit) {
      const entries = await store.list(auditPrefix, { limit, reverse: true });
      return entries.map((entry) => JSON.parse(Buffer.from(entry.value).toString('utf8')) as AuditEntry);
    },
  };
}
