import { concatBytes, encodeUtf8 } from '../core/index.js';
import type { Dice } from './dice.js';
import { bigEndian, EDGES, lyingHead } from './odd-msgpack.js';

/** Bytes that mean something in the protocol; put in at random places they reach deeper than noise. */
const TOKENS: readonly Uint8Array[] = [
  ...[
    'SeqNo',
    'Node',
    'From',
    'Incarnation',
    'Addr',
    'Port',
    'Meta',
    'Vsn',
    'Nodes',
    'UserStateLen',
    'Buf',
  ].map((name) => concatBytes(Uint8Array.of(0xa0 | name.length), encodeUtf8(name))),
  ...[0xc0, 0xc3, 0x81, 0x82, 0x90, 0xa0, 0xda, 0xdb, 0xdd, 0xdf, 0x07, 0x09, 0x0c, 0x0a, 0xf4].map((byte) =>
    Uint8Array.of(byte),
  ),
];

type Mutation = (dice: Dice, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const insert = (bytes: Uint8Array, at: number, what: Uint8Array): Uint8Array =>
  concatBytes(bytes.subarray(0, at), what, bytes.subarray(at));

function overwrite(bytes: Uint8Array, at: number, what: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out.set(what.subarray(0, Math.max(0, out.length - at)), at);
  return out;
}

const MUTATIONS: readonly Mutation[] = [
  // One bit, one byte, or the type byte.
  (dice, bytes) => {
    const at = dice.below(bytes.length);
    return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << dice.below(8))));
  },
  (dice, bytes) => overwrite(bytes, dice.below(bytes.length), dice.bytes(1)),
  (dice, bytes) => overwrite(bytes, 0, Uint8Array.of(dice.chance(0.9) ? dice.below(14) : 244)),
  // A number that implementations stumble over, or a length that lies.
  (dice, bytes) =>
    overwrite(bytes, dice.below(bytes.length), bigEndian(dice.pick(EDGES), dice.pick([1, 2, 4, 8]))),
  (dice, bytes) => overwrite(bytes, dice.below(bytes.length), lyingHead(dice)),
  (dice, bytes) => insert(bytes, dice.below(bytes.length + 1), dice.pick(TOKENS)),
  // Less, more, and pieces of another input.
  (dice, bytes) => bytes.subarray(0, dice.below(bytes.length)),
  (dice, bytes) => {
    const from = dice.below(bytes.length);
    return concatBytes(bytes.subarray(0, from), bytes.subarray(from + 1 + dice.size(16)));
  },
  (dice, bytes) => {
    const from = dice.below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + dice.size(64));
    return insert(bytes, dice.below(bytes.length + 1), piece);
  },
  (dice, bytes, other) =>
    concatBytes(bytes.subarray(0, dice.below(bytes.length)), other.subarray(dice.below(other.length + 1))),
  (dice, bytes, other) => {
    const from = dice.below(other.length + 1);
    return overwrite(bytes, dice.below(bytes.length), other.subarray(from, from + 1 + dice.size(64)));
  },
];

/** No input grows beyond what a datagram can carry by mutation alone. */
const MAX_BYTES = 65_507;

/** Changes `bytes` in one to a few places; `other` lends pieces. */
export function mutate(dice: Dice, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let out = bytes;
  for (let left = 1 + dice.size(8); left > 0; left--) {
    out = out.length === 0 ? dice.bytes(4) : dice.pick(MUTATIONS)(dice, out, other);
  }
  return out.subarray(0, MAX_BYTES);
}
