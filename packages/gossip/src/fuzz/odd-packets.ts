import { concatBytes, encodeUtf8, MessageType } from '../core/index.js';
import { lzwCompress } from '../core/wire/lzw.js';
import { MsgpackWriter } from '../core/wire/msgpack-writer.js';
import { withCrc } from '../core/wire/packet.js';
import type { Dice } from './dice.js';
import { oddMessage, oddStreamMessage } from './odd-messages.js';
import { anyInt, anyRaw, bigEndian, mapHead, oddInt, oddValue } from './odd-msgpack.js';

/** A compound of these parts whose count and lengths may lie. */
function oddCompound(dice: Dice, parts: readonly Uint8Array[]): Uint8Array {
  const honest = dice.chance(0.8);
  const count = honest ? parts.length : dice.below(256);
  const lengths = parts.map((part) =>
    bigEndian(honest || dice.chance(0.9) ? part.length : dice.below(65_536), 2),
  );
  return concatBytes(Uint8Array.of(MessageType.compound, count & 0xff), ...lengths, ...parts);
}

/** A compress message around bytes, sometimes with a wrong algorithm or damaged content. */
function oddCompressed(dice: Dice, plain: Uint8Array): Uint8Array {
  const packed = lzwCompress(plain);
  if (dice.chance(0.1)) packed[dice.below(packed.length)] = dice.below(256);
  const cut = dice.chance(0.05) ? packed.subarray(0, dice.below(packed.length)) : packed;
  return compressMessage(dice, dice.chance(0.97) ? anyInt(dice, 0) : oddInt(dice), cut);
}

function compressMessage(dice: Dice, algorithm: Uint8Array, packed: Uint8Array): Uint8Array {
  const type = Uint8Array.of(MessageType.compress);
  const algo = concatBytes(anyRaw(dice, encodeUtf8('Algo')), algorithm);
  const buf = concatBytes(
    anyRaw(dice, encodeUtf8('Buf')),
    dice.chance(0.97) ? shortRaw(packed) : oddValue(dice),
  );
  return concatBytes(type, mapHead(dice, 2), algo, buf);
}

/** The raw form only: as an array of integers a bomb would no longer be small. */
function shortRaw(bytes: Uint8Array): Uint8Array {
  return bytes.length < 0x1_0000
    ? concatBytes(Uint8Array.of(0xda), bigEndian(bytes.length, 2), bytes)
    : concatBytes(Uint8Array.of(0xdb), bigEndian(bytes.length, 4), bytes);
}

const compress = (plain: Uint8Array): Uint8Array => {
  const head = new MsgpackWriter().byte(MessageType.compress).map(2).text('Algo').uint(0).text('Buf');
  return concatBytes(head.finish(), shortRaw(lzwCompress(plain)));
};

const compound = (part: Uint8Array, copies: number): Uint8Array =>
  concatBytes(
    Uint8Array.of(MessageType.compound, copies),
    ...Array.from({ length: copies }, () => bigEndian(part.length, 2)),
    ...Array.from({ length: copies }, () => part),
  );

/** Small packets that stand for a great deal of work: nested bombs of LZW and of empty or tiny parts. */
const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'zeros compressed': () => compress(new Uint8Array(1 << 20)),
  'zeros compressed twice': () => compress(compress(new Uint8Array(1 << 19))),
  'a text of a megabyte': () =>
    compress(concatBytes(Uint8Array.of(0, 0x81, 0xa4), encodeUtf8('Node'), longText(1 << 19))),
  'parts of nothing': () => compound(new Uint8Array(0), 255),
  'parts of parts of nothing': () => compress(compound(compound(new Uint8Array(0), 255), 120)),
  'bombs in a compound': () => compound(compress(new Uint8Array(1 << 19)), 40),
  'bombs in a compressed compound': () => compress(compound(compress(new Uint8Array(1 << 18)), 60)),
  'one field again and again': () => compress(repeated()),
};

function longText(length: number): Uint8Array {
  return concatBytes(Uint8Array.of(0xdb), bigEndian(length, 4), new Uint8Array(length).fill(0x61));
}

function repeated(): Uint8Array {
  const pair = concatBytes(Uint8Array.of(0xa4), encodeUtf8('Node'), Uint8Array.of(0xa1, 0x61));
  const pairs = Array.from({ length: 40_000 }, () => pair);
  return concatBytes(Uint8Array.of(0, 0xdf), bigEndian(pairs.length, 4), ...pairs);
}

const bombs = new Map<string, Uint8Array>();

/** One of the bombs, made once. */
export function bomb(dice: Dice): Uint8Array {
  const name = dice.pick(Object.keys(BOMBS));
  const made = bombs.get(name) ?? BOMBS[name]?.() ?? new Uint8Array(0);
  bombs.set(name, made);
  return made;
}

/** The plain bytes of a datagram: a tree of messages, compounds and compress messages, perhaps behind a CRC. */
export function oddPacket(dice: Dice): Uint8Array {
  const plain = dice.chance(0.01) ? bomb(dice) : tree(dice, 0);
  if (dice.chance(0.85)) return plain;
  const checked = withCrc(plain);
  if (dice.chance(0.2)) checked[1 + dice.below(4)] = dice.below(256);
  return dice.chance(0.05) ? checked.subarray(0, dice.below(6)) : checked;
}

function tree(dice: Dice, depth: number): Uint8Array {
  if (depth > 6) return oddMessage(dice);
  const fate = dice.below(10);
  if (fate < 6) return oddMessage(dice);
  if (fate < 8) {
    const parts = dice.times(dice.pick([0, 1, 2, 3, 12]), () => tree(dice, depth + 1));
    return oddCompound(dice, parts);
  }
  return fate === 8 ? oddCompressed(dice, tree(dice, depth + 1)) : withCrc(tree(dice, depth + 1));
}

/** The plain bytes of one direction of a stream. */
export function oddStream(dice: Dice): Uint8Array {
  if (dice.chance(0.005)) return bomb(dice);
  const plain = dice.chance(0.95) ? oddStreamMessage(dice) : oddPacket(dice);
  const packed = dice.chance(0.25) ? oddCompressed(dice, plain) : plain;
  if (dice.chance(0.9)) return packed;
  return dice.chance(0.5) ? packed.subarray(0, dice.below(packed.length + 1)) : oddCompressed(dice, packed);
}
