import t from 'tap';
import { createBlueprintSet } from '../blueprint/blueprint-set.js';
import { formatProblems } from '../config/problems.js';
import { parseYaml } from '../config/yaml-document.js';
import { ShoalError } from '../errors/shoal-error.js';
import type { ManifestService } from '../manifest/manifest.js';
import { parseSpec } from '../spec/parse-spec.js';
import { checkFeatures, featuresInForce, featuresOf } from './features.js';

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
  { ...blueprint, name: 'guard', version: '0.9.0' },
  { ...blueprint, name: 'flags', feature: 'ab-testing' },
]);

t.test('a blueprint that needs a feature is refused at its place, unless that runs already', async (t) => {
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

t.test('what runs on a node is known by its manifest, also a version that is gone', async (t) => {
  const uses = (...refs: string[]) => {
    const services = refs.map((ref) => {
      const [name = '', blueprintVersion = ''] = ref.split('@');
      return { name, blueprint: name, blueprintVersion } as ManifestService;
    });
    return featuresInForce({ format: 1, clusterId: 'c', node: 'n', revision: 1, services }, blueprints);
  };
  t.same(uses('plain@1.0.0', 'guard@1.0.0', 'flags@1.0.0'), ['ab-testing', 'waf']);
  t.same(uses('guard@0.9.0', 'gone@1.0.0'), []);
  t.same(uses('guard@0.1.0'), ['waf']);
});
