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

/** Items that stand in a row: an array, for instance. */
export interface Row<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

/**
 * Up to `count` different items that pass the filter. Unlike memberlist's, it never misses one that is eligible:
 * where few draws don't suffice, it looks at all.
 */
export function pickSome<T extends object | number>(
  random: Random,
  items: Row<T>,
  count: number,
  eligible: (item: T) => boolean,
): T[] {
  const picked = new Set<T>();
  const { length } = items;
  for (let draw = 0; length > 3 * count && draw < 3 * count && picked.size < count; draw++) {
    const item = items.at(randomBelow(random, length));
    if (item !== undefined && eligible(item)) picked.add(item);
  }
  if (picked.size >= count) return [...picked];
  const rest: T[] = [];
  for (let i = 0; i < length; i++) {
    const item = items.at(i);
    if (item !== undefined && !picked.has(item) && eligible(item)) rest.push(item);
  }
  shuffle(random, rest);
  return [...picked, ...rest.slice(0, count - picked.size)];
}
