/** Totals of what crossed the sockets since the start. */
export interface Traffic {
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Datagrams dropped because of their label or encryption. */
  packetsRefused: number;
  sendErrors: number;
  streamsIn: number;
  streamsOut: number;
  streamBytesIn: number;
  streamBytesOut: number;
  /** Streams dropped: unreadable, too many at a time, or too slow. */
  streamsRefused: number;
  streamsFailed: number;
}

/** All zero. */
export function newTraffic(): Traffic {
  return {
    packetsIn: 0,
    packetsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    packetsRefused: 0,
    sendErrors: 0,
    streamsIn: 0,
    streamsOut: 0,
    streamBytesIn: 0,
    streamBytesOut: 0,
    streamsRefused: 0,
    streamsFailed: 0,
  };
}
