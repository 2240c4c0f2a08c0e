import { MsgpackReader } from '../wire/msgpack-reader.js';
import { MsgpackWriter } from '../wire/msgpack-writer.js';
import { decodeUtf8, encodeUtf8 } from '../wire/utf8.js';
import { WireError } from '../wire/wire-error.js';

/** First byte of a meta that holds tags. */
const TAGS_MAGIC = 0xff;

/** Most bytes that a node's meta may have (memberlist's limit). */
export const MAX_META_BYTES = 512;

/** Small facts that a node tells about itself. */
export type Tags = Readonly<Record<string, string>>;

/** Encodes tags as Serf does: 0xff, then a msgpack map, here with sorted keys so that equal tags give equal bytes. */
export function encodeTags(tags: Tags): Uint8Array {
  const keys = Object.keys(tags).sort();
  const writer = new MsgpackWriter().byte(TAGS_MAGIC).map(keys.length);
  for (const key of keys) writer.text(key).text(tags[key] ?? '');
  return writer.finish();
}

/** Decodes a meta. One that holds no tags is shown as Serf shows it: as the tag `role`. Never throws. */
export function decodeTags(meta: Uint8Array | null): Tags {
  if (meta === null || meta.length === 0) return {};
  if (meta[0] !== TAGS_MAGIC) return { role: decodeUtf8(meta) };
  try {
    return readTags(new MsgpackReader(meta, 1));
  } catch (error) {
    if (error instanceof WireError) return {};
    throw error;
  }
}

function readTags(reader: MsgpackReader): Tags {
  const pairs: [string, string][] = [];
  const size = reader.mapSize();
  for (let i = 0; i < size; i++) pairs.push([reader.text('tag name'), reader.text('tag value')]);
  return Object.fromEntries(pairs);
}

/** How many bytes of MAX_META_BYTES a node's tags take, and the tags that take most of them. */
export function describeTagSize(tags: Tags): string {
  const sizes = Object.entries(tags).map(([key, value]) => ({
    key,
    bytes: encodeUtf8(key).length + encodeUtf8(value).length,
  }));
  const largest = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  return `${encodeTags(tags).length} bytes; largest: ${largest.map((t) => `${t.key} ${t.bytes}`).join(', ')}`;
}
