import { createBlueprintSet, formatProblems, parseSpec, parseYaml, ShoalError } from '@shoal/common';
import t from 'tap';
import { checkFeatures, featuresOf } from './features.js';
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

t.test('a blueprint that needs a feature is refused at its place, unless that runs already', async (t) => {
  const blueprint = {
    version: '1.0.0',
    description: 'x',
    parameters: {},
    steps: [],
    process: {},
    directory: '',
  };
  const blueprints = createBlueprintSet([
    { ...blueprint, name: 'plain' },
    { ...blueprint, name: 'guard', feature: 'waf' },
    { ...blueprint, name: 'flags', feature: 'ab-testing' },
  ]);
  const text =
    'cluster: c\nservices:\n  web: {blueprint: plain, nodes: all}\n  front: {blueprint: guard@1.0.0, nodes: all}\n  split: {blueprint: flags, nodes: all}\n';
  const document = parseYaml(text, 'cluster.yaml');
  const spec = parseSpec(text, 'cluster.yaml');
  t.same(featuresOf(spec, blueprints), ['ab-testing', 'waf']);
  const check = (features: string[], used: string[] = []) => {
    try {
      checkFeatures({ spec, blueprints }, { name: 'the free tier', features }, used, document);
      return 'fine';
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      t.equal(error.code, 'resource_exhausted');
      t.match(error.hint, /shoal license install FILE/);
      return formatProblems(error);
    }
  };
  t.equal(check(['*']), 'fine');
  t.equal(check(['waf'], ['ab-testing']), 'fine');
  t.equal(
    check([]),
    'cluster.yaml:4:22: services.front: blueprint guard@1.0.0 needs the licensed feature "waf"; the free tier includes none\n' +
      'cluster.yaml:5:22: services.split: blueprint flags@1.0.0 needs the licensed feature "ab-testing"; the free tier includes none',
  );
  t.match(check(['waf']), /services.split.*the free tier includes waf$/);
});
