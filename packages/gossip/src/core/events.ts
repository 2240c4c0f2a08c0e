import type { Address } from './address.js';
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
  | { kind: 'user'; body: Uint8Array }
  | { kind: 'warning'; warning: Warning; detail: string };

/** Kinds of trouble worth a line in the log. */
export type Warning =
  | 'malformed'
  | 'incompatible'
  | 'conflict'
  | 'implausible'
  | 'udp-blocked'
  | 'misaddressed'
  | 'refuted';
