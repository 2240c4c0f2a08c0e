import type { MsgpackReader } from './msgpack-reader.js';
import { WireError } from './wire-error.js';

/** For each field in the order of its declaration in Go: how to read its value into the target. */
export type Fields<T> = Readonly<Record<string, (target: T, reader: MsgpackReader) => void>>;

/**
 * Reads a struct into `target`: a map by field name, an array in declaration order, or nil. Unknown fields are
 * passed over, missing ones keep their zero value, the last of a duplicate wins; so do both Go codecs.
 */
export function readStruct<T>(reader: MsgpackReader, fields: Fields<T>, target: T): T {
  if (reader.nil()) return target;
  const pairs = reader.mapSize();
  if (pairs >= 0) return readPairs(reader, fields, target, pairs);
  const values = reader.arraySize();
  if (values < 0) throw new WireError('expected a map where a message body starts');
  const readers = Object.values(fields);
  for (let i = 0; i < values; i++) {
    const read = readers[i];
    if (read) read(target, reader);
    else reader.skip();
  }
  return target;
}

function readPairs<T>(reader: MsgpackReader, fields: Fields<T>, target: T, pairs: number): T {
  for (let i = 0; i < pairs; i++) {
    const name = reader.text('field name');
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (read) read(target, reader);
    else reader.skip();
  }
  return target;
}
