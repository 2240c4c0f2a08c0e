import { concatBytes } from '../core/index.js';
import type { Dice } from './dice.js';
import { metaBytes, oddMessage, serfBody } from './odd-messages.js';
import { bigEndian } from './odd-msgpack.js';
import { oddPacket, oddStream } from './odd-packets.js';

/** What happens to a member in one step of a program. */
export const Op = { packet: 0, stream: 1, time: 2, answer: 3, fail: 4, act: 5 } as const;

/** One step: what happens, and with which bytes. */
export interface Step {
  op: number;
  body: Uint8Array;
}

const HEAD_BYTES = 5;

/** A program as bytes: for each step its kind, the length of its body, and the body. */
export function encodeProgram(steps: readonly Step[]): Uint8Array {
  return concatBytes(
    ...steps.flatMap(({ op, body }) => [Uint8Array.of(op), bigEndian(body.length, 4), body]),
  );
}

/** The steps of a program. Any bytes are one: a body that is cut off ends where the bytes do. */
export function decodeProgram(bytes: Uint8Array): Step[] {
  const steps: Step[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const length = view.getUint32(at + 1);
    const start = at + HEAD_BYTES;
    steps.push({ op: view.getUint8(at) % 6, body: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return steps;
}

function oddStep(dice: Dice): Step {
  return dice.oneOf<Step>(
    () => ({ op: Op.packet, body: oddMessage(dice) }),
    () => ({ op: Op.packet, body: oddMessage(dice) }),
    () => ({ op: Op.packet, body: oddPacket(dice) }),
    () => ({ op: Op.stream, body: oddStream(dice) }),
    () => ({ op: Op.time, body: bigEndian(dice.size(dice.chance(0.02) ? 100_000_000 : 5000), 4) }),
    () => ({ op: Op.answer, body: oddStream(dice) }),
    () => ({ op: Op.fail, body: new Uint8Array(0) }),
    () => ({ op: Op.act, body: oddAct(dice) }),
  );
}

/** What the member itself does, told by the first byte: see `Subject`. Leaving is rare, because it is for good. */
function oddAct(dice: Dice): Uint8Array {
  const kind = dice.chance(0.02) ? 4 : dice.below(4);
  const body = kind === 0 ? metaBytes(dice).subarray(0, 512) : serfBody(dice);
  return concatBytes(Uint8Array.of(kind), body);
}

/** A life of a member among strangers: short ones mostly, and now and then one of thousands of steps. */
export function oddProgram(dice: Dice): Uint8Array {
  const most = dice.chance(0.002) ? 20_000 : 300;
  return encodeProgram(dice.times(1 + dice.size(most), () => oddStep(dice)));
}
