import { decodeProgram, encodeProgram } from './program.js';

/** Most trials of one minimization, and the time that they may take, ms. */
const MAX_TRIALS = 3000;
const MAX_MS = 10_000;

/** Removes what can be removed from a list, in halves, quarters, and so on, while `keeps` still says yes. */
function reduce<T>(items: readonly T[], keeps: (items: readonly T[]) => boolean): readonly T[] {
  let left = items;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length; ) {
      const shorter = [...left.slice(0, at), ...left.slice(at + size)];
      if (keeps(shorter)) left = shorter;
      else at += size;
    }
  }
  return left;
}

/** The shortest input found for which `keeps` holds as it does for `bytes`. A program loses steps first. */
export function minimize(
  bytes: Uint8Array,
  isProgram: boolean,
  keeps: (bytes: Uint8Array) => boolean,
): Uint8Array {
  const until = performance.now() + MAX_MS;
  let trials = 0;
  const asked = (candidate: Uint8Array): boolean =>
    trials++ < MAX_TRIALS && performance.now() < until && keeps(candidate);
  if (!isProgram) return Uint8Array.from(reduce([...bytes], (left) => asked(Uint8Array.from(left))));
  const steps = reduce(decodeProgram(bytes), (left) => asked(encodeProgram(left)));
  return encodeProgram(steps);
}
