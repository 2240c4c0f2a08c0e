/** A source of numbers in [0, 1). */
export type Random = () => number;

/** A whole number in [0, below). */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Shuffles in place (Fisher-Yates). */
export function shuffle<T>(random: Random, items: T[]): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomBelow(random, last + 1);
    const held = items[last] as T;
    items[last] = items[other] as T;
    items[other] = held;
  }
}

/**
 * Up to `count` different items that pass the filter. Unlike memberlist's, it never misses one that is eligible:
 * where few draws don't suffice, it looks at all.
 */
export function pickSome<T>(
  random: Random,
  items: readonly T[],
  count: number,
  eligible: (item: T) => boolean,
): T[] {
  const picked = new Set<T>();
  for (let draw = 0; items.length > 3 * count && draw < 3 * count && picked.size < count; draw++) {
    const item = items[randomBelow(random, items.length)] as T;
    if (eligible(item)) picked.add(item);
  }
  if (picked.size >= count) return [...picked];
  const rest = items.filter((item) => !picked.has(item) && eligible(item));
  shuffle(random, rest);
  return [...picked, ...rest.slice(0, count - picked.size)];
}
