import type { BlueprintSet, LoadedBlueprint } from '../blueprint/blueprint-set.js';
import { parameterMistakes } from '../blueprint/parameters.js';
import { problemsError } from '../config/problems.js';
import type { Problem } from '../errors/shoal-error.js';
import { secretReferences } from '../secrets/references.js';
import { orderServices } from '../spec/service-order.js';
import type { Params, ServiceSpec, Spec } from '../spec/spec.js';
import type { Manifest, ManifestSecret, ManifestService } from './manifest.js';
import type { NodePlace } from './resolve-params.js';
import { resolveParams, runsOn } from './resolve-params.js';

/** What a manifest is made of. */
export interface ManifestSources {
  readonly spec: Spec;
  readonly blueprints: BlueprintSet;
  readonly clusterId: string;
  readonly node: NodePlace;
  readonly revision: number;
  /** Version of each secret that the spec refers to, by name. Default: none. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/**
 * What one node must look like at one revision: the services that the spec places on it, each after those that it needs and else in the spec's order, with its parameters and the blueprints'
 * template files inlined. Throws `invalid_input` for what `checkSpec` would have found on this node, without positions.
 */
export function compileManifest(sources: ManifestSources): Manifest {
  const { spec, blueprints, clusterId, node, revision, secrets = {} } = sources;
  const problems: Problem[] = [];
  const services: ManifestService[] = [];
  for (const name of orderServices(spec.services)) {
    const service = spec.services[name];
    if (service === undefined || !runsOn(service, node)) continue;
    const blueprint = blueprints.get(service.blueprint);
    if (blueprint === undefined) {
      problems.push({ message: `services.${name}: unknown blueprint "${service.blueprint}"` });
      continue;
    }
    const params = resolveParams(blueprint, service, node);
    problems.push(...paramProblems(name, blueprint, params));
    const placed = placeSecrets(params, secrets, `services.${name}.params`, problems);
    services.push(compileService(name, service, blueprint, params, placed));
  }
  if (problems.length > 0) throw problemsError(problems);
  return { format: 1, clusterId, node: node.name, revision, services };
}

/** The same text for nodes whose manifests have the same content. */
export function placementOf({ services }: Pick<Spec, 'services'>, node: NodePlace): string {
  const placed = Object.entries(services).flatMap(([name, service]) => {
    if (!runsOn(service, node)) return [];
    const site = Object.hasOwn(service.perSite ?? {}, node.site) ? node.site : null;
    return [[name, site, Object.hasOwn(service.perNode ?? {}, node.name) ? node.name : null]];
  });
  return JSON.stringify(placed);
}

function placeSecrets(
  params: Params,
  versions: Readonly<Record<string, string>>,
  where: string,
  problems: Problem[],
): ManifestSecret[] {
  return [...secretReferences(params)].flatMap(({ path, name }) => {
    const version = Object.hasOwn(versions, name) ? versions[name] : undefined;
    if (version !== undefined) return [{ path, name, version }];
    problems.push({ message: `${where}: unknown secret "${name}"` });
    return [];
  });
}

function compileService(
  name: string,
  service: ServiceSpec,
  blueprint: LoadedBlueprint,
  params: Params,
  secrets: readonly ManifestSecret[],
): ManifestService {
  return {
    name,
    blueprint: blueprint.name,
    blueprintVersion: blueprint.version,
    params,
    // Left out when there are none: the content hash of what has no secrets stays what it was.
    ...(secrets.length === 0 ? {} : { secrets }),
    variables: blueprint.variables ?? {},
    steps: blueprint.steps,
    process: blueprint.process,
    health: blueprint.health ?? null,
    ...(blueprint.drain === undefined ? {} : { drain: blueprint.drain }),
    metrics: blueprint.metrics ?? [],
    logs: blueprint.logs ?? [],
    ...(service.drift === 'repair' ? { drift: 'repair' } : {}),
  };
}

function paramProblems(service: string, blueprint: LoadedBlueprint, params: Params): Problem[] {
  return Object.entries(blueprint.parameters).flatMap(([name, schema]) => {
    const value = params[name];
    const where = `services.${service}.params.${name}`;
    if (value === undefined)
      return [{ message: `${where}: missing, and blueprint "${blueprint.name}" has no default` }];
    const place = ['services', service, 'params', name];
    return parameterMistakes(schema, value, place).map(({ message }) => ({ message }));
  });
}
