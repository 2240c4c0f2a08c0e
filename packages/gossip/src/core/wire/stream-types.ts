import type { Ack, Ping, UserMessage } from './message-types.js';

/** States of a node on the wire. */
export const WireState = { alive: 0, suspect: 1, dead: 2, left: 3 } as const;

/** One node as a push-pull carries it. */
export interface NodeState {
  name: string;
  addr: Uint8Array | null;
  port: number;
  meta: Uint8Array | null;
  incarnation: number;
  /** One of WireState; other values are refused when read. */
  state: number;
  vsn: Uint8Array | null;
}

/** Full exchange of state between two nodes. */
export interface PushPull {
  type: 'pushPull';
  /** True when the dialer is joining; the reply echoes it. */
  join: boolean;
  nodes: NodeState[];
  /** Opaque to memberlist; empty when the sender has none. */
  userState: Uint8Array;
}

/** Why the acceptor could not read the request. */
export interface StreamError {
  type: 'error';
  error: string;
}

/** What one direction of a stream can carry. */
export type StreamMessage = PushPull | Ping | Ack | UserMessage | StreamError;

/** Limits that are checked before memory is taken. */
export interface StreamLimits {
  /** Most nodes in one push-pull. */
  nodes: number;
  /** Most bytes of a message, expanded, and of the user data within it. */
  bytes: number;
}

/** Shoal's limits; memberlist's own are 1 Mi nodes and 20 MiB, sized for far larger clusters. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = { nodes: 1 << 17, bytes: 20 << 20 };
