import { ShoalError } from '@shoal/common';
import t from 'tap';
import { checkMove, checkNewNode, type GrowthLimits } from './growth.js';

const places = [
  { name: 'a', site: 'berlin' },
  { name: 'b', site: 'paris' },
  { name: 'c', site: 'paris' },
];
const limits = (part: Partial<GrowthLimits>): GrowthLimits => ({
  ...{ name: 'the license L-1 (premium)', nodes: null, sites: null },
  ...part,
});

/** The message of the refusal; `fine` when there is none. */
function refusal(body: () => void): string {
  try {
    body();
    return 'fine';
  } catch (thrown) {
    const error = ShoalError.from(thrown);
    return error.code === 'resource_exhausted' ? error.message : error.code;
  }
}

t.test('a node is refused by its number, then by its site', async (t) => {
  const at = (site: string, part: Partial<GrowthLimits>) =>
    refusal(() => checkNewNode({ name: 'd', site }, places, limits(part)));
  t.equal(at('rome', {}), 'fine');
  t.equal(at('rome', { nodes: 4, sites: 3 }), 'fine');
  t.equal(
    at('paris', { nodes: 3 }),
    `Node "d" can't join: the license L-1 (premium) allows 3 nodes, 3 are enrolled`,
  );
  t.equal(
    at('paris', { nodes: 2 }),
    `Node "d" can't join: the license L-1 (premium) allows 2 nodes, 3 are enrolled`,
  );
  t.equal(at('paris', { sites: 1 }), 'fine', 'a site that is in use is no growth');
  t.equal(
    at('rome', { sites: 2 }),
    `Node "d" of site "rome" can't join: the license L-1 (premium) allows 2 sites, in use: berlin, paris`,
  );
});

t.test('a node moves where there is room; the last one of its site takes the place along', async (t) => {
  const move = (name: string, site: string) =>
    refusal(() => checkMove({ name, site }, places, limits({ sites: 2, nodes: 1 })));
  t.equal(move('a', 'rome'), 'fine');
  t.equal(move('b', 'berlin'), 'fine');
  t.equal(
    move('b', 'rome'),
    `Node "b" of site "rome" can't move: the license L-1 (premium) allows 2 sites, in use: berlin, paris`,
  );
});
