/** First byte of each message (fact sheet 1.3). */
export const MessageType = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  error: 13,
  label: 244,
} as const;

/** Where an answer should go; carried by pings since memberlist 0.2. */
export interface Source {
  /** 4 or 16 bytes; null when the sender is older. */
  sourceAddr: Uint8Array | null;
  sourcePort: number;
  sourceNode: string;
}

/** Asks the receiver for an ack. `node` is the receiver's name; '' means "whoever listens there". */
export interface Ping extends Source {
  type: 'ping';
  seqNo: number;
  node: string;
}

/** Asks the receiver to ping `node` and to forward its ack. */
export interface IndirectPing extends Source {
  type: 'indirect';
  seqNo: number;
  target: Uint8Array | null;
  port: number;
  node: string;
  nack: boolean;
}

export interface Ack {
  type: 'ack';
  seqNo: number;
  payload: Uint8Array | null;
}

/** "I tried for you, and had no ack in time": tells the asker that its own network works. */
export interface Nack {
  type: 'nack';
  seqNo: number;
}

/** Accusation of a node, by the node `from`. A `dead` whose `from` is the node itself is a leave. */
export interface Accusation {
  type: 'suspect' | 'dead';
  incarnation: number;
  node: string;
  from: string;
}

export interface Alive {
  type: 'alive';
  incarnation: number;
  node: string;
  /** 4 or 16 bytes, to be passed on exactly as received: Go compares addresses byte for byte. */
  addr: Uint8Array | null;
  port: number;
  meta: Uint8Array | null;
  /** Protocol versions [pMin, pMax, pCur, dMin, dMax, dCur]. */
  vsn: Uint8Array | null;
}

/** Opaque to memberlist; Serf puts its own messages in here. */
export interface UserMessage {
  type: 'user';
  body: Uint8Array;
}

/** What a datagram can carry once it is unpacked. */
export type PacketMessage = Ping | IndirectPing | Ack | Nack | Accusation | Alive | UserMessage;
