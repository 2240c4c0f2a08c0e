import { MsgpackReader } from '../wire/msgpack-reader.js';
import { MsgpackWriter } from '../wire/msgpack-writer.js';
import { WireError } from '../wire/wire-error.js';

/** First byte of a Serf message inside a user message. */
const SerfType = { leave: 0, join: 1, pushPull: 2, event: 3, query: 4 } as const satisfies Record<
  string,
  number
>;

/** "I am about to leave": without it, Serf shows a node that left as failed, and tries to reach it for a day. */
export function encodeLeaveIntent(node: string, ltime: number): Uint8Array {
  const writer = new MsgpackWriter().byte(SerfType.leave).map(3);
  return writer.text('LTime').uint(ltime).text('Node').text(node).text('Prune').bool(false).finish();
}

/** The Lamport time that a Serf message or push-pull state carries, or 0 if it carries none that can be read. */
export function readLamportTime(body: Uint8Array): number {
  const type = body[0];
  if (type === undefined || type > SerfType.query) return 0;
  try {
    return findLamportTime(new MsgpackReader(body, 1));
  } catch (error) {
    if (error instanceof WireError) return 0;
    throw error;
  }
}

function findLamportTime(reader: MsgpackReader): number {
  const size = reader.mapSize();
  for (let i = 0; i < size; i++) {
    if (reader.text('field name') === 'LTime') return Math.max(0, reader.int('LTime'));
    reader.skip();
  }
  return 0;
}

/** The push-pull state that lets Serf and other nodes keep up with our Lamport clock; it lists no member. */
export function encodeSerfState(ltime: number): Uint8Array {
  const writer = new MsgpackWriter().byte(SerfType.pushPull).map(6);
  writer.text('EventLTime').uint(0).text('Events').bytes(null).text('LTime').uint(ltime);
  writer.text('LeftMembers').bytes(null).text('QueryLTime').uint(0).text('StatusLTimes').bytes(null);
  return writer.finish();
}
