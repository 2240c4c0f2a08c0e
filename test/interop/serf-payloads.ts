import { pack, unpack } from './msgpack.js';

const TAGS_MAGIC = 0xff;
const USER_EVENT = 3;

/** A node's tags as Serf puts them into memberlist's meta. */
export function encodeTags(tags: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([Buffer.of(TAGS_MAGIC), pack(tags)]);
}

/** Reads a meta as Serf does: what holds no tags is shown as the tag `role`. */
export function decodeTags(meta: Uint8Array): Record<string, string> {
  if (meta[0] !== TAGS_MAGIC) return { role: Buffer.from(meta).toString() };
  return unpack(meta.subarray(1)) as Record<string, string>;
}

/** A user event as Serf gossips it. Serf passes one of the same name, payload and Lamport time on only once. */
export function encodeUserEvent(name: string, payload: string, ltime: number): Buffer {
  return Buffer.concat([
    Buffer.of(USER_EVENT),
    pack({ CC: false, LTime: ltime, Name: name, Payload: payload }),
  ]);
}

/** Name and payload of a user event; undefined for any other message of Serf. */
export function decodeUserEvent(body: Uint8Array): { name: string; payload: string } | undefined {
  if (body[0] !== USER_EVENT) return undefined;
  const fields = unpack(body.subarray(1)) as Record<string, string>;
  return { name: fields['Name'] ?? '', payload: fields['Payload'] ?? '' };
}
