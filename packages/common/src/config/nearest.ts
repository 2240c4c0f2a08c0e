import { distance } from 'fastest-levenshtein';

/**
 * The candidate that `word` was probably meant to be: at most two in five of its letters differ (at least one may), two
 * neighbors that changed places count as one, case doesn't count. Undefined when nothing is that near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const found = typos(wanted, candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

function typos(word: string, candidate: string): number {
  return isSwap(word, candidate) ? 1 : distance(word, candidate);
}

/** True when two neighboring letters changed places and nothing else. */
function isSwap(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, i) => letter !== b[i]);
  return at >= 0 && b === `${a.slice(0, at)}${a[at + 1] ?? ''}${a[at]}${a.slice(at + 2)}`;
}

/** `; did you mean "blueprint"?`, or nothing when no candidate is near. For the end of a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : `; did you mean "${candidate}"?`;
}

/** Like `didYouMean`, but when nothing is near it names what there is: `; there is a, b`. */
export function meantOrKnown(word: string, candidates: readonly string[]): string {
  const meant = didYouMean(word, candidates);
  if (meant !== '') return meant;
  const shown = candidates.slice(0, 8).join(', ');
  return candidates.length === 0
    ? '; there is none yet'
    : `; there is ${shown}${candidates.length > 8 ? ', …' : ''}`;
}
