import { MsgpackReader } from '../wire/msgpack-reader.js';
import { MsgpackWriter } from '../wire/msgpack-writer.js';
import { WireError } from '../wire/wire-error.js';

/** First byte of a Serf message inside a user message, and of its push-pull state. */
export const SerfType: Readonly<Record<'leave' | 'join' | 'pushPull' | 'event' | 'query', number>> = {
  leave: 0,
  join: 1,
  pushPull: 2,
  event: 3,
  query: 4,
};

/** Flag of a query that goes to one node only. */
const NOT_FOR_ALL = 2;

/** A node's word about its own coming or going: Serf takes the one with the greater Lamport time. */
export interface Intent {
  readonly kind: 'leave' | 'join';
  /** Whom it is about. */
  readonly node: string;
  readonly ltime: number;
}

/** "I am about to leave": without it, Serf shows a node that left as failed, and tries to reach it for a day. */
export function encodeLeaveIntent(node: string, ltime: number): Uint8Array {
  const writer = new MsgpackWriter().byte(SerfType.leave).map(3);
  return writer.text('LTime').uint(ltime).text('Node').text(node).text('Prune').bool(false).finish();
}

/** "I am here": takes back an older leave intent. */
export function encodeJoinIntent(node: string, ltime: number): Uint8Array {
  return new MsgpackWriter()
    .byte(SerfType.join)
    .map(2)
    .text('LTime')
    .uint(ltime)
    .text('Node')
    .text(node)
    .finish();
}

/** What a message of Serf says. */
export interface SerfNews {
  readonly intents: readonly Intent[];
  /** A user event or query that every node that sees it for the first time should pass on. */
  readonly forAll: boolean;
}

/** No news. */
const NO_NEWS: SerfNews = { intents: [], forAll: false };

/** Reads a Serf message. What can't be read says nothing. */
export function readSerfNews(body: Uint8Array): SerfNews {
  const type = body[0];
  try {
    const reader = new MsgpackReader(body, 1);
    if (type === SerfType.leave || type === SerfType.join) return readIntent(reader, type);
    if (type === SerfType.event || type === SerfType.query) return readCall(reader);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return NO_NEWS;
}

function readIntent(reader: MsgpackReader, type: number): SerfNews {
  let ltime = 0;
  let node = '';
  readFields(reader, (field) => {
    if (field === 'LTime') ltime = readTime(reader, field);
    else if (field === 'Node') node = reader.text(field);
    else reader.skip();
  });
  const kind = type === SerfType.leave ? 'leave' : 'join';
  return { ...NO_NEWS, intents: [{ kind, node, ltime }] };
}

/** User events and queries: they have a name, a query can ask not to be passed on, and their clocks are others. */
function readCall(reader: MsgpackReader): SerfNews {
  let name = '';
  let flags = 0;
  readFields(reader, (field) => {
    if (field === 'Name') name = reader.text(field);
    else if (field === 'Flags') flags = reader.int(field);
    else reader.skip();
  });
  return { ...NO_NEWS, forAll: name !== '' && (flags & NOT_FOR_ALL) === 0 };
}

/** Calls `read` for the name of each field of a map; it must consume the value. */
export function readFields(reader: MsgpackReader, read: (field: string) => void): void {
  const size = reader.mapSize();
  for (let i = 0; i < size; i++) read(reader.text('field name'));
}

/** Greatest Lamport time taken: no cluster gets there by events, and whoever counts on from it stays exact. */
const MAX_TIME = 2 ** 48;

/** A Lamport time; what is negative counts as none. Throws WireError if it can't have come about by honest means. */
export function readTime(reader: MsgpackReader, field: string): number {
  const time = reader.int(field);
  if (time > MAX_TIME) throw new WireError(`${field} is ${time}, expected at most ${MAX_TIME}`);
  return Math.max(0, time);
}
