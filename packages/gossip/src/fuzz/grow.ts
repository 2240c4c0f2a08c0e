import type { CorpusEntry } from './corpus.js';
import { bytesOfHex, hexOfBytes } from './corpus.js';
import type { Door } from './door.js';
import type { Case } from './fuzzer.js';
import { minimize } from './minimize.js';
import { DOORS } from './targets.js';
import { tryDoor } from './try-door.js';

/** Longest input that is taken into the corpus, in bytes. */
const MAX_BYTES = 600;

/** The kinds of messages and complaints that an outcome tells of. */
function partsOf(door: Door, bytes: Uint8Array): string[] {
  const trial = tryDoor(door, bytes);
  return 'failure' in trial ? [] : trial.outcome.split(' | ');
}

/** The corpus and, for each part of an outcome that it doesn't have yet, the shortest input found for it. */
export function growCorpus(corpus: readonly CorpusEntry[], found: readonly Case[]): CorpusEntry[] {
  const entries = [...corpus];
  const seen = new Set<string>();
  for (const { door: name, hex } of corpus) {
    const door = DOORS.get(name);
    if (door) for (const part of partsOf(door, bytesOfHex(hex))) seen.add(`${name}: ${part}`);
  }
  const shortFirst = [...found].sort((a, b) => a.bytes.length - b.bytes.length);
  for (const { door: name, bytes } of shortFirst) {
    const door = DOORS.get(name);
    if (!door || name === 'state' || bytes.length > MAX_BYTES) continue;
    for (const part of partsOf(door, bytes)) {
      if (seen.has(`${name}: ${part}`)) continue;
      const short = minimize(bytes, false, (candidate) => partsOf(door, candidate).includes(part));
      seen.add(`${name}: ${part}`);
      entries.push({ door: name, what: part, hex: hexOfBytes(short) });
    }
  }
  return entries;
}
