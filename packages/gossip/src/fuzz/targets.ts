import { concatBytes, encodeUtf8 } from '../core/index.js';
import { lzwCompress } from '../core/wire/lzw.js';
import type { Dice } from './dice.js';
import type { Door } from './door.js';
import { oddDatagram, oddSealedStream } from './odd-envelopes.js';
import { metaBytes, oddMessage, oddStreamMessage, serfBody } from './odd-messages.js';
import { oddValue } from './odd-msgpack.js';
import { oddPacket, oddStream } from './odd-packets.js';
import { PACKET_DOORS } from './packet-doors.js';
import { oddProgram } from './program.js';
import { STATE_DOORS } from './state-door.js';
import { STREAM_DOORS } from './stream-doors.js';

/** A group of doors that are fuzzed together. */
export interface Target {
  readonly name: 'packets' | 'streams' | 'state';
  readonly doors: readonly Door[];
}

/** All targets without sockets. */
export const TARGETS: readonly Target[] = [
  { name: 'packets', doors: PACKET_DOORS },
  { name: 'streams', doors: STREAM_DOORS },
  { name: 'state', doors: STATE_DOORS },
];

/** Every door by its name. */
export const DOORS: ReadonlyMap<string, Door> = new Map(
  TARGETS.flatMap(({ doors }) => doors.map((door) => [door.name, door])),
);

/** Bytes with repetitions, as compression likes them. */
function patterned(dice: Dice): Uint8Array {
  const piece = dice.bytes(1 + dice.size(64));
  return concatBytes(...dice.times(1 + dice.size(2000), () => (dice.chance(0.9) ? piece : dice.bytes(3))));
}

/** For each door, input that comes near to what it expects. */
const MAKERS: Readonly<Record<string, (dice: Dice) => Uint8Array>> = {
  packet: oddPacket,
  'plain-datagram': oddPacket,
  'sealed-datagram': (dice) => oddDatagram(dice, oddPacket(dice)),
  lzw: (dice) => lzwCompress(patterned(dice)),
  'lzw-back': patterned,
  msgpack: (dice) => (dice.chance(0.5) ? oddValue(dice) : oddMessage(dice).subarray(1)),
  tags: metaBytes,
  serf: serfBody,
  text: (dice) => concatBytes(encodeUtf8('aé😀\u{10ffff}'), dice.bytes(dice.size(3000))),
  stream: oddStream,
  framer: (dice) => (dice.chance(0.5) ? oddStreamMessage(dice) : oddStream(dice)),
  'plain-stream': oddStream,
  'sealed-stream': (dice) => oddSealedStream(dice, oddStream(dice)),
  'sealed-reply': (dice) => oddSealedStream(dice, oddStream(dice)).subarray(6),
  state: oddProgram,
};

/** Input for a door that nothing but the dice decide. */
export function freshInput(dice: Dice, door: Door): Uint8Array {
  const make = MAKERS[door.name];
  return make && dice.chance(0.95) ? make(dice) : dice.bytes(dice.size(2000));
}
