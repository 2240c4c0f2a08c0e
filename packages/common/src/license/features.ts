import type { BlueprintSet } from '../blueprint/blueprint-set.js';
import { problemsError } from '../config/problems.js';
import type { YamlDocument } from '../config/yaml-document.js';
import type { Problem } from '../errors/shoal-error.js';
import type { Manifest } from '../manifest/manifest.js';
import type { Spec } from '../spec/spec.js';
import { hasFeature } from './tiers.js';

/** What a spec's blueprints may need of the license. */
export interface FeatureLimits {
  /** What allows, or doesn't, for messages: `the license lic-7 (premium)`. */
  readonly name: string;
  readonly features: readonly string[];
  /** What helps who lacks one, for people. Default: to install a license. */
  readonly hint?: string;
}

/** Licensed features that a spec's services need, by service. */
function neededBy(
  spec: Spec,
  blueprints: BlueprintSet,
): [service: string, blueprint: string, feature: string][] {
  return Object.entries(spec.services).flatMap(([service, { blueprint }]) => {
    const loaded = blueprints.get(blueprint);
    if (loaded?.feature === undefined) return [];
    return [[service, `${loaded.name}@${loaded.version}`, loaded.feature]];
  });
}

/** The features that a spec uses. */
export function featuresOf(spec: Spec, blueprints: BlueprintSet): string[] {
  return [...new Set(neededBy(spec, blueprints).map(([, , feature]) => feature))].sort();
}

/** The features that a node uses already, by what runs there. A version of a blueprint that isn't known any more counts as the others of its name. */
export function featuresInForce({ services }: Manifest, blueprints: BlueprintSet): string[] {
  const features = services.flatMap(({ blueprint, blueprintVersion }) => {
    const same = blueprints.get(`${blueprint}@${blueprintVersion}`);
    const found = same === undefined ? blueprints.list().filter(({ name }) => name === blueprint) : [same];
    return found.flatMap(({ feature }) => feature ?? []);
  });
  return [...new Set(features)].sort();
}

/**
 * Refuses services whose blueprint needs a feature that the license lacks. `used`: features that run already; what runs is never cut.
 *
 * @throws ShoalError `resource_exhausted` with every problem at its place in `source`
 */
export function checkFeatures(
  { spec, blueprints }: { readonly spec: Spec; readonly blueprints: BlueprintSet },
  limits: FeatureLimits,
  used: readonly string[],
  source: YamlDocument,
): void {
  const problems: Problem[] = [];
  for (const [service, blueprint, feature] of neededBy(spec, blueprints)) {
    if (hasFeature(limits, feature) || used.includes(feature)) continue;
    const included = limits.features.length === 0 ? 'none' : limits.features.join(', ');
    problems.push({
      message: `services.${service}: blueprint ${blueprint} needs the licensed feature "${feature}"; ${limits.name} includes ${included}`,
      path: `/services/${service}/blueprint`,
      position: source.positionOf(['services', service, 'blueprint'], 'value'),
    });
  }
  if (problems.length === 0) return;
  throw problemsError(problems, 'resource_exhausted', {
    hint:
      limits.hint ??
      'Install a license that includes it (shoal license install FILE), or use another blueprint.',
  });
}
