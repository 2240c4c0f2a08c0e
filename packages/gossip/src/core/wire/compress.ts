import { lzwCompress, lzwExpand } from './lzw.js';
import { MessageType } from './message-types.js';
import { MsgpackReader } from './msgpack-reader.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { type Fields, readStruct } from './struct.js';
import { WireError } from './wire-error.js';

const LZW = 0;

/** Wraps bytes in a compress message (type byte first), whether or not that makes them smaller. */
export function encodeCompressed(bytes: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter().byte(MessageType.compress).map(2);
  return writer.text('Algo').uint(LZW).text('Buf').bytes(lzwCompress(bytes)).finish();
}

/** Wraps bytes in a compress message if that makes them smaller; otherwise gives them back as they are. */
export function compressIfSmaller(bytes: Uint8Array): Uint8Array {
  const compressed = encodeCompressed(bytes);
  return compressed.length < bytes.length ? compressed : bytes;
}

interface CompressBody {
  algo: number;
  buf: Uint8Array | null;
}

const fields: Fields<CompressBody> = {
  Algo: (m, r) => {
    m.algo = r.uint(0xff, 'compress.Algo');
  },
  Buf: (m, r) => {
    m.buf = r.bytes('compress.Buf');
  },
};

/** Unwraps a compress message (type byte included), up to `limit` bytes of output. Empty content is refused. */
export function decodeCompressed(bytes: Uint8Array, limit: number): Uint8Array {
  const body = readStruct(new MsgpackReader(bytes, 1), fields, { algo: 0, buf: null });
  if (body.algo !== LZW)
    throw new WireError(`compression algorithm ${body.algo} is not known, expected 0 (LZW)`);
  const expanded = lzwExpand(body.buf ?? new Uint8Array(0), limit);
  if (expanded.length === 0) throw new WireError('missing message type byte');
  return expanded;
}
