import type { Blueprint } from '../blueprint/blueprint.js';
import type { BlueprintSet } from '../blueprint/blueprint-set.js';
import { parameterMistakes } from '../blueprint/parameters.js';
import { didYouMean, meantOrKnown } from '../config/nearest.js';
import { problemsError } from '../config/problems.js';
import { pointer } from '../config/validate.js';
import type { DocumentPath, YamlDocument } from '../config/yaml-document.js';
import type { Problem } from '../errors/shoal-error.js';
import { secretReferences } from '../secrets/references.js';
import { needsCycle } from '../spec/service-order.js';
import type { Params, ServiceSpec, Spec } from '../spec/spec.js';
import type { NodePlace } from './resolve-params.js';
import { resolveParams, runsOn } from './resolve-params.js';

/** What a spec is checked against. */
export interface SpecSurroundings {
  /** Every node of the cluster. */
  readonly nodes: readonly NodePlace[];
  /** The secrets that there are, by name, and what to do for one that there isn't. Default: none. */
  readonly secrets?: { readonly names: readonly string[]; readonly howToSet: (name: string) => string };
}

type Report = (path: DocumentPath, message: string, part?: 'key' | 'value') => void;

/**
 * Checks what depends on blueprints and nodes. Throws `invalid_input` with every problem at its place in `source`, the document that the spec was
 * parsed from: unknown blueprints, versions, needed services, nodes, sites and parameters, services that need each other in a circle, values that don't fit, parameters without value and default.
 */
export function checkSpec(
  spec: Spec,
  blueprints: BlueprintSet,
  surroundings: SpecSurroundings,
  source: YamlDocument,
): void {
  const problems: Problem[] = [];
  const report: Report = (path, message, part = 'value') => {
    problems.push({ message, path: pointer(path), position: source.positionOf(path, part) });
  };
  for (const [name, service] of Object.entries(spec.services)) {
    checkNeeds(service, ['services', name, 'needs'], spec, report);
    checkNodes(service, ['services', name], surroundings.nodes, report);
    const blueprint = blueprints.get(service.blueprint);
    if (blueprint === undefined) {
      report(['services', name, 'blueprint'], unknownBlueprint(service.blueprint, blueprints));
      continue;
    }
    checkParams(service, blueprint, ['services', name], report);
    checkSecrets(service, ['services', name], surroundings, report);
    checkMissing(service, blueprint, ['services', name], surroundings.nodes, report);
  }
  checkCycle(spec, report);
  checkRollout(spec, surroundings.nodes, report);
  if (problems.length > 0) throw problemsError(problems);
}

function checkNeeds(service: ServiceSpec, path: DocumentPath, { services }: Spec, report: Report): void {
  for (const [index, name] of (service.needs ?? []).entries()) {
    if (Object.hasOwn(services, name)) continue;
    report([...path, index], `unknown service "${name}"${meantOrKnown(name, Object.keys(services))}`);
  }
}

/** Names that the rollout's policy holds. */
function checkRollout({ rollout }: Spec, nodes: readonly NodePlace[], report: Report): void {
  const names = nodes.map(({ name }) => name);
  const sites = [...new Set(nodes.map(({ site }) => site))];
  for (const [index, site] of (rollout?.order ?? []).entries()) {
    if (sites.includes(site)) continue;
    report(['rollout', 'order', index], `unknown site "${site}"${meantOrKnown(site, sites)}`);
  }
  const canary = rollout?.canary?.nodes;
  for (const [index, name] of (Array.isArray(canary) ? canary : []).entries()) {
    if (names.includes(name)) continue;
    report(['rollout', 'canary', 'nodes', index], `unknown node "${name}"${meantOrKnown(name, names)}`);
  }
}

/** A circle is told once, where its first service names the second. */
function checkCycle({ services }: Spec, report: Report): void {
  const cycle = needsCycle(services);
  const [first = '', second = ''] = cycle ?? [];
  if (cycle === undefined) return;
  const index = services[first]?.needs?.indexOf(second) ?? 0;
  report(['services', first, 'needs', index], `services need each other in a circle: ${cycle.join(' -> ')}`);
}

function unknownBlueprint(wanted: string, blueprints: BlueprintSet): string {
  const [name = '', version] = wanted.split('@');
  const known = blueprints.list();
  const versions = known.filter((blueprint) => blueprint.name === name).map((blueprint) => blueprint.version);
  if (versions.length > 0) {
    return `blueprint "${name}" has no version ${version}; there is ${versions.join(', ')}`;
  }
  const names = [...new Set(known.map((blueprint) => blueprint.name))];
  return `unknown blueprint "${name}"${meantOrKnown(name, names)}`;
}

function checkNodes(
  service: ServiceSpec,
  path: DocumentPath,
  nodes: readonly NodePlace[],
  report: Report,
): void {
  const names = nodes.map(({ name }) => name);
  const sites = [...new Set(nodes.map(({ site }) => site))];
  const check = (
    kind: string,
    name: string,
    known: readonly string[],
    place: DocumentPath,
    part: 'key' | 'value',
  ) => {
    if (!known.includes(name)) report(place, `unknown ${kind} "${name}"${meantOrKnown(name, known)}`, part);
  };
  if (Array.isArray(service.nodes)) {
    for (const [i, name] of service.nodes.entries())
      check('node', name, names, [...path, 'nodes', i], 'value');
  } else if (typeof service.nodes === 'object' && 'site' in service.nodes) {
    check('site', service.nodes.site, sites, [...path, 'nodes', 'site'], 'value');
  }
  for (const site of Object.keys(service.perSite ?? {}))
    check('site', site, sites, [...path, 'perSite', site], 'key');
  for (const name of Object.keys(service.perNode ?? {}))
    check('node', name, names, [...path, 'perNode', name], 'key');
}

/** Every place of a service that gives parameters values. */
function* layersOf(
  service: ServiceSpec,
  path: DocumentPath,
): Generator<{ params: Params; path: DocumentPath }> {
  if (service.params !== undefined) yield { params: service.params, path: [...path, 'params'] };
  for (const layer of ['perSite', 'perNode'] as const) {
    for (const [name, params] of Object.entries(service[layer] ?? {}))
      yield { params, path: [...path, layer, name] };
  }
}

function checkParams(service: ServiceSpec, blueprint: Blueprint, path: DocumentPath, report: Report): void {
  for (const layer of layersOf(service, path)) {
    for (const [name, value] of Object.entries(layer.params)) {
      const schema = Object.hasOwn(blueprint.parameters, name) ? blueprint.parameters[name] : undefined;
      const place = [...layer.path, name];
      if (schema === undefined) {
        const meant = meantOrKnown(name, Object.keys(blueprint.parameters));
        report(place, `unknown parameter "${name}" of blueprint "${blueprint.name}"${meant}`, 'key');
        continue;
      }
      for (const mistake of parameterMistakes(schema, value, place))
        report(mistake.path, mistake.message, mistake.part);
    }
  }
}

function checkSecrets(
  service: ServiceSpec,
  path: DocumentPath,
  { secrets }: SpecSurroundings,
  report: Report,
): void {
  const known = secrets?.names ?? [];
  for (const layer of layersOf(service, path)) {
    for (const reference of secretReferences(layer.params, layer.path)) {
      if (known.includes(reference.name)) continue;
      const near = didYouMean(reference.name, known);
      const hint = near === '' ? `; ${secrets?.howToSet(reference.name) ?? 'there are none here'}` : near;
      report([...reference.path, 'secret'], `unknown secret "${reference.name}"${hint}`);
    }
  }
}

function checkMissing(
  service: ServiceSpec,
  blueprint: Blueprint,
  path: DocumentPath,
  nodes: readonly NodePlace[],
  report: Report,
): void {
  const placed = nodes.filter((node) => runsOn(service, node));
  const resolved = placed.map((node) => ({ node, params: resolveParams(blueprint, service, node) }));
  for (const [name, schema] of Object.entries(blueprint.parameters)) {
    if (schema.default !== undefined) continue;
    const without = resolved.filter(({ params }) => params[name] === undefined).map(({ node }) => node.name);
    if (without.length === 0) continue;
    const where = without.length === placed.length ? '' : ` on ${without.join(', ')}`;
    const what = `missing parameter "${name}" of blueprint "${blueprint.name}"${where}`;
    report(path, `${what}: ${schema.description}`, 'key');
  }
}
