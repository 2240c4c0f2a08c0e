import { test } from 'tap';
import { findIncompatible } from './versions.js';

type Range = readonly [min: number, max: number, current: number];

/** All orders of some items. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, i) => orders(items.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

/** Clusters, and the node whose version the others don't understand. */
const clusters: readonly { what: string; ranges: readonly Range[]; outside: readonly number[] }[] = [
  {
    what: 'all the same',
    ranges: [
      [1, 5, 2],
      [1, 5, 2],
      [1, 5, 2],
    ],
    outside: [],
  },
  {
    what: 'one understands more',
    ranges: [
      [1, 4, 3],
      [1, 5, 3],
      [2, 9, 3],
    ],
    outside: [],
  },
  {
    what: 'each speaks what all understand',
    ranges: [
      [1, 5, 1],
      [1, 5, 5],
      [1, 5, 3],
    ],
    outside: [],
  },
  {
    what: 'one speaks what no other understands',
    ranges: [
      [1, 4, 3],
      [1, 5, 5],
      [1, 4, 3],
    ],
    outside: [1],
  },
  {
    what: 'one speaks what one of the others does not',
    ranges: [
      [1, 3, 3],
      [1, 4, 3],
      [1, 5, 4],
    ],
    outside: [2],
  },
  {
    what: 'nothing that all understand',
    ranges: [
      [1, 2, 2],
      [2, 4, 3],
      [4, 5, 4],
    ],
    outside: [0, 1, 2],
  },
];

test('a cluster is compatible or not, in whatever order its nodes are looked at', async (t) => {
  const good: Range = [2, 5, 5];
  for (const { what, ranges, outside } of clusters) {
    for (const order of orders([...ranges.keys()])) {
      for (const application of [false, true]) {
        const nodes = order.map((i) => {
          const range = ranges[i] ?? good;
          const bytes = application ? [1, 5, 2, ...range] : [...range, ...good];
          return { name: `n${i}`, vsn: Uint8Array.from(bytes) };
        });
        const problem = findIncompatible(nodes);
        const title = `${what}, ${order}, ${application ? 'application' : 'memberlist'}`;
        if (outside.length === 0) t.equal(problem, undefined, title);
        else {
          const names = outside.map((i) => `n${i}`).join('|');
          const kind = application ? 'delegate protocol' : 'protocol';
          t.match(problem, new RegExp(`^node '(${names})' ${kind} version`), title);
        }
      }
    }
  }
});

test('speakers of versions 1, 2 and 3 go together', async (t) => {
  for (const [ours, theirs] of [
    [2, 1],
    [2, 3],
    [3, 2],
    [3, 1],
  ] as const) {
    const nodes = [ours, theirs].map((current) => ({
      name: `speaks ${current}`,
      vsn: Uint8Array.of(1, 5, current, 2, 5, 5),
    }));
    t.equal(findIncompatible(nodes), undefined, `${ours} and ${theirs}`);
  }
});
