import { concatBytes } from '../core/index.js';
import type { Dice } from './dice.js';

/* Msgpack in every form that the format knows, and some that it doesn't: the writer of the core knows one form only. */

/** A big-endian number of `width` bytes; what doesn't fit is cut off. */
export function bigEndian(value: number | bigint, width: number): Uint8Array {
  const out = new Uint8Array(width);
  let left = BigInt.asUintN(64, BigInt(value));
  for (let at = width - 1; at >= 0; at--) {
    out[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  return out;
}

const headed = (head: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(Uint8Array.of(head), ...parts);

/** Numbers at which implementations differ. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  127n,
  128n,
  255n,
  256n,
  65_535n,
  65_536n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** An integer in one of the widths that hold it, signed or unsigned. */
export function anyInt(dice: Dice, value: number): Uint8Array {
  const forms = [() => headed(0xcf, bigEndian(value, 8)), () => headed(0xd3, bigEndian(value, 8))];
  if (value < 0x80) forms.push(() => Uint8Array.of(value));
  if (value < 0x100) forms.push(() => headed(0xcc, bigEndian(value, 1)));
  if (value < 0x1_0000) forms.push(() => headed(0xcd, bigEndian(value, 2)));
  if (value <= 0xffff_ffff) forms.push(() => headed(0xce, bigEndian(value, 4)));
  return dice.pick(forms)();
}

/** An integer that is likely to be out of range, or no integer at all. */
export function oddInt(dice: Dice): Uint8Array {
  const edge = dice.pick(EDGES);
  return dice.oneOf(
    () => headed(0xcf, bigEndian(edge, 8)),
    () => headed(0xd3, bigEndian(-edge, 8)),
    () => headed(0xd0 + dice.below(4), dice.bytes(8)),
    () => headed(0xca, dice.bytes(4)),
    () => headed(0xcb, dice.bytes(8)),
    () => Uint8Array.of(0xe0 | dice.below(32)),
    () => Uint8Array.of(0xc0 | dice.below(4)),
  );
}

/** A byte string as raw, str, bin, or an array of integers. */
export function anyRaw(dice: Dice, bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const forms = [
    () => headed(0xdb, bigEndian(length, 4), bytes),
    () => headed(0xc6, bigEndian(length, 4), bytes),
  ];
  if (length < 600) {
    forms.push(() =>
      concatBytes(arrayHead(dice, length), ...Array.from(bytes, (byte) => anyInt(dice, byte))),
    );
  }
  if (length < 32) forms.push(() => headed(0xa0 | length, bytes));
  if (length < 0x100) forms.push(() => headed(dice.pick([0xd9, 0xc4]), bigEndian(length, 1), bytes));
  if (length < 0x1_0000) forms.push(() => headed(dice.pick([0xda, 0xc5]), bigEndian(length, 2), bytes));
  return dice.pick(forms)();
}

/** The head of an array of `size` values. */
export function arrayHead(dice: Dice, size: number): Uint8Array {
  if (size < 16 && dice.chance(0.5)) return Uint8Array.of(0x90 | size);
  return size < 0x1_0000 && dice.chance(0.7)
    ? headed(0xdc, bigEndian(size, 2))
    : headed(0xdd, bigEndian(size, 4));
}

/** The head of a map of `size` pairs. */
export function mapHead(dice: Dice, size: number): Uint8Array {
  if (size < 16 && dice.chance(0.7)) return Uint8Array.of(0x80 | size);
  return size < 0x1_0000 && dice.chance(0.7)
    ? headed(0xde, bigEndian(size, 2))
    : headed(0xdf, bigEndian(size, 4));
}

/** A head that announces far more than follows. */
export function lyingHead(dice: Dice): Uint8Array {
  const size = dice.pick([0xffff_ffff, 0x7fff_ffff, 0x1_0000, 0xffff, 255, 20 << 20]);
  const head = dice.pick([0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf]);
  return headed(head, bigEndian(size, dice.pick([1, 2, 4])));
}

/** A value that many others lie in. */
function deepValue(dice: Dice): Uint8Array {
  const depth = dice.pick([1, 16, 1024, 20_000]);
  const level = dice.pick([Uint8Array.of(0x91), Uint8Array.of(0x81, 0x01), Uint8Array.of(0xdd, 0, 0, 0, 1)]);
  return concatBytes(...dice.times(depth, () => level), Uint8Array.of(dice.below(256)));
}

/** Any value, most of them none that a message could want. */
export function oddValue(dice: Dice): Uint8Array {
  return dice.oneOf(
    () => oddInt(dice),
    () => anyRaw(dice, dice.bytes(dice.size(300))),
    () => lyingHead(dice),
    () => deepValue(dice),
    () => Uint8Array.of(dice.below(256)),
    () => headed(0xc7 + dice.below(3), dice.bytes(6)),
    () => concatBytes(mapHead(dice, 2), ...dice.times(4, () => anyInt(dice, dice.below(300)))),
  );
}
