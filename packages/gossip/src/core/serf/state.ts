import { MsgpackReader } from '../wire/msgpack-reader.js';
import { MsgpackWriter } from '../wire/msgpack-writer.js';
import { WireError } from '../wire/wire-error.js';
import { type Intent, readFields, readTime, SerfType } from './intents.js';

/** Most members that a state may speak of. */
const MAX_MEMBERS = 1 << 16;

/** A node that has left after it announced that. */
export interface Departure {
  readonly node: string;
  /** Lamport time of the announcement. */
  readonly ltime: number;
}

/** A node that is here, and said so after a leave. */
export interface Presence {
  readonly node: string;
  /** Lamport time of its saying so. */
  readonly ltime: number;
}

/**
 * The push-pull state that lets Serf keep up with our Lamport clock, and show those as left whose announcement did
 * not reach it. Serf reads a departure as later by one than the member's status time beside it.
 */
export function encodeSerfState(
  ltime: number,
  departures: readonly Departure[] = [],
  present: readonly Presence[] = [],
): Uint8Array {
  const writer = new MsgpackWriter().byte(SerfType.pushPull).map(6);
  writer.text('EventLTime').uint(0).text('Events').bytes(null).text('LTime').uint(ltime);
  writer.text('LeftMembers').array(departures.length);
  for (const { node } of departures) writer.text(node);
  writer
    .text('QueryLTime')
    .uint(0)
    .text('StatusLTimes')
    .map(departures.length + present.length);
  for (const departure of departures) writer.text(departure.node).uint(Math.max(0, departure.ltime - 1));
  for (const { node, ltime: since } of present) writer.text(node).uint(since);
  return writer.finish();
}

/** Serf's news at the beginning of a push-pull's state. */
export interface SerfState {
  /** The sender's Lamport time; 0 if there is none. */
  readonly ltime: number;
  readonly intents: readonly Intent[];
  /** Where it ends, in bytes; Serf itself ignores what follows. */
  readonly end: number;
}

const NO_STATE: SerfState = { ltime: 0, intents: [], end: 0 };

/**
 * Reads a push-pull state; those who left come as leave intents, the status times of others as join
 * intents, which is how Serf takes them. What can't be read says nothing.
 */
export function readSerfState(state: Uint8Array): SerfState {
  if (state[0] !== SerfType.pushPull) return NO_STATE;
  try {
    return readState(new MsgpackReader(state, 1));
  } catch (error) {
    if (error instanceof WireError) return NO_STATE;
    throw error;
  }
}

function readState(reader: MsgpackReader): SerfState {
  let ltime = 0;
  let left: readonly string[] = [];
  let times = new Map<string, number>();
  readFields(reader, (field) => {
    if (field === 'LTime') ltime = readTime(reader, field);
    else if (field === 'LeftMembers') left = readNames(reader, field);
    else if (field === 'StatusLTimes') times = readTimes(reader, field);
    else reader.skip();
  });
  const intents = left.map((node): Intent => ({ kind: 'leave', node, ltime: (times.get(node) ?? 0) + 1 }));
  for (const node of left) times.delete(node);
  for (const [node, since] of times) if (since > 0) intents.push({ kind: 'join', node, ltime: since });
  return { ltime, intents, end: reader.offset };
}

function readNames(reader: MsgpackReader, field: string): string[] {
  if (reader.nil()) return [];
  const names: string[] = [];
  const size = bounded(reader.arraySize(), field);
  for (let i = 0; i < size; i++) names.push(reader.text(field));
  return names;
}

function readTimes(reader: MsgpackReader, field: string): Map<string, number> {
  const times = new Map<string, number>();
  if (reader.nil()) return times;
  const size = bounded(reader.mapSize(), field);
  for (let i = 0; i < size; i++) times.set(reader.text(field), readTime(reader, field));
  return times;
}

function bounded(size: number, field: string): number {
  if (size >= 0 && size <= MAX_MEMBERS) return size;
  throw new WireError(`${field} has ${size} entries, expected 0 to ${MAX_MEMBERS}`);
}
