import { concatBytes, labelHeader, MessageType } from '../core/index.js';
import { Envelope } from '../net/envelope.js';
import { Keyring } from '../net/keyring.js';
import { seal } from '../net/seal.js';
import type { Dice } from './dice.js';
import { bigEndian } from './odd-msgpack.js';

/** Keys of the members that are fed: the first encrypts. */
export const KEYS: readonly Uint8Array[] = [32, 16].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff),
);

/** Label of the members that are fed. */
export const LABEL: Uint8Array = Uint8Array.from([112, 114, 111, 100]);

/** What a member with keys and a label expects around all that it is sent. */
export const sealedEnvelope = (): Envelope => new Envelope(LABEL, new Keyring(KEYS));

/** What a member without either expects. */
export const plainEnvelope = (): Envelope => new Envelope(new Uint8Array(0), new Keyring([]));

function oddLabel(dice: Dice): Uint8Array {
  const right = labelHeader(LABEL);
  if (dice.chance(0.9)) return right;
  return dice.oneOf(
    () => new Uint8Array(0),
    () => right.subarray(0, dice.below(right.length)),
    () => labelHeader(dice.bytes(1 + dice.below(255))),
    () => Uint8Array.of(MessageType.label, 0),
    () => concatBytes(right, right),
  );
}

/** Seals with a key of the ring or another, in either version, with padding that may make no sense. */
function oddSeal(dice: Dice, plain: Uint8Array, aad: Uint8Array): Uint8Array {
  const key = dice.chance(0.95) ? dice.pick(KEYS) : dice.bytes(24);
  const version = dice.chance(0.7) ? 1 : 0;
  const blob = new Uint8Array(seal(key, plain, aad, { version, nonce: dice.bytes(12) }));
  // The version is not authenticated: with it flipped, what is no padding is taken for padding.
  if (dice.chance(0.05)) blob[0] = dice.pick([0, 0, 1, 2, 255]);
  if (dice.chance(0.05)) blob[dice.below(blob.length)] = dice.below(256);
  return dice.chance(0.05) ? blob.subarray(0, dice.below(blob.length)) : blob;
}

/** A datagram as it crosses the network, around plain bytes. */
export function oddDatagram(dice: Dice, plain: Uint8Array): Uint8Array {
  return concatBytes(oddLabel(dice), oddSeal(dice, plain, LABEL));
}

/** A dialed stream as it crosses the network, around plain bytes. */
export function oddSealedStream(dice: Dice, plain: Uint8Array): Uint8Array {
  const length = plain.length + 29;
  const announced = dice.chance(0.95)
    ? length
    : dice.pick([0, 1, 28, length - 1, length + 1, 20 << 20, (20 << 20) + 1, 0xffff_ffff]);
  const frame = concatBytes(Uint8Array.of(MessageType.encrypt), bigEndian(announced, 4));
  return concatBytes(oddLabel(dice), frame, oddSeal(dice, plain, concatBytes(frame, LABEL)));
}
