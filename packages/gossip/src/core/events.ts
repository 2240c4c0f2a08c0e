import type { Address } from './address.js';
import type { Claim } from './application.js';
import type { NodeRecord } from './nodes/node-record.js';

/** What happened to a member: `alive` is a suspicion that was refuted, `forget` the end of a tombstone. */
export type MemberChange = 'join' | 'leave' | 'fail' | 'update' | 'suspect' | 'alive' | 'forget';

/** What the core tells its host. */
export type GossipEvent =
  | { kind: 'member'; change: MemberChange; node: NodeRecord; from: string }
  /** A push-pull that `sync` or `join` began has ended; `error` says why it failed. */
  | { kind: 'synced'; id: number; to: Address; error: string | undefined }
  /** Our leave was told often enough, or there is nobody to tell. */
  | { kind: 'left' }
  /** A message of an application (Serf's, for instance). The same one can arrive several times. */
  | { kind: 'user'; body: Uint8Array; reliable: boolean }
  /** What the application of another node sent along with its state. */
  | { kind: 'remote-state'; state: Uint8Array; join: boolean }
  /** Two nodes use one name: the one known (maybe this node itself), and what somebody else claims to be. */
  | { kind: 'conflict'; existing: NodeRecord; claim: Claim }
  /** A node answered a direct ping after so many ms, and its application added a payload. */
  | { kind: 'round-trip'; node: NodeRecord; milliseconds: number; payload: Uint8Array | null }
  /** The newest that we said about ourselves was told often enough, or there is nobody to tell. */
  | { kind: 'self-told' }
  | { kind: 'warning'; warning: Warning; detail: string };

/** Kinds of trouble worth a line in the log. */
export type Warning =
  | 'malformed'
  | 'incompatible'
  | 'conflict'
  | 'implausible'
  | 'udp-blocked'
  | 'vetoed'
  | 'misaddressed'
  | 'refuted';
