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

/** What a Serf message says about the sender's clock and about a node's coming or going. */
export interface SerfNews {
  /** Lamport time; 0 if there is none. */
  ltime: number;
  intent: 'leave' | 'join' | undefined;
  /** Whom the intent is about. */
  node: string;
}

const NOTHING: SerfNews = { ltime: 0, intent: undefined, node: '' };

/** Reads a Serf message or push-pull state. What can't be read says nothing. */
export function readSerfNews(body: Uint8Array): SerfNews {
  const type = body[0];
  if (type === undefined || type > SerfType.query) return NOTHING;
  const intent = type === SerfType.leave ? 'leave' : type === SerfType.join ? 'join' : undefined;
  try {
    return readFields(new MsgpackReader(body, 1), { ltime: 0, intent, node: '' });
  } catch (error) {
    if (error instanceof WireError) return NOTHING;
    throw error;
  }
}

function readFields(reader: MsgpackReader, news: SerfNews): SerfNews {
  const size = reader.mapSize();
  for (let i = 0; i < size; i++) {
    const field = reader.text('field name');
    if (field === 'LTime') news.ltime = Math.max(0, reader.int('LTime'));
    else if (field === 'Node' && news.intent) news.node = reader.text('Node');
    else reader.skip();
  }
  return news;
}

/** The push-pull state that lets Serf and other nodes keep up with our Lamport clock; it lists no member. */
export function encodeSerfState(ltime: number): Uint8Array {
  const writer = new MsgpackWriter().byte(SerfType.pushPull).map(6);
  writer.text('EventLTime').uint(0).text('Events').bytes(null).text('LTime').uint(ltime);
  writer.text('LeftMembers').bytes(null).text('QueryLTime').uint(0).text('StatusLTimes').bytes(null);
  return writer.finish();
}
