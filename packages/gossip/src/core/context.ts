import type { Application } from './application.js';
import type { Awareness } from './awareness.js';
import type { BroadcastQueue } from './broadcast-queue.js';
import type { GossipConfig } from './config.js';
import type { Counters } from './counters.js';
import type { Warning } from './events.js';
import type { Host } from './host.js';
import type { NodeTable } from './nodes/node-table.js';
import { printable } from './printable.js';
import type { RingSuccessor } from './protocol/ring-successor.js';
import type { RoundTrips } from './protocol/round-trips.js';

/** What the parts of the core share. */
export interface Context {
  readonly config: GossipConfig;
  readonly host: Host;
  readonly application: Application;
  readonly nodes: NodeTable;
  readonly queue: BroadcastQueue;
  readonly awareness: Awareness;
  readonly counters: Counters;
  readonly ring: RingSuccessor;
  readonly roundTrips: RoundTrips;
  /** Datagrams leave from the very address that this node announces, so that pings need not name it. */
  readonly repliesReachSender: boolean;
  /** Bytes of each datagram that the host needs for label and encryption. */
  readonly packetOverhead: number;
  /** Set for good once this node has said goodbye. */
  leaving: boolean;
  /** Serf's Lamport clock, as far as we heard of it. */
  lamport: number;
}

/** Counts a kind of trouble and tells the host about it; `detail` may quote names from the network. */
export function warn(context: Context, warning: Warning, detail: string): void {
  const { counters } = context;
  if (warning === 'malformed') counters.malformed++;
  if (warning === 'incompatible') counters.incompatible++;
  if (warning === 'implausible') counters.implausible++;
  if (warning === 'conflict') counters.conflicts++;
  if (warning === 'vetoed') counters.vetoed++;
  context.host.notify({ kind: 'warning', warning, detail: printable(detail) });
}
