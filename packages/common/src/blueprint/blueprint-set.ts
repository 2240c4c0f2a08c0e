import type { Blueprint } from './blueprint.js';

/** A blueprint whose template files are inlined in its steps (`FileStep.template` is a `TemplateSource`). */
export interface LoadedBlueprint extends Blueprint {
  /** The folder or archive that it was read from; empty for one out of the controller's store. */
  readonly directory: string;
}

/** The blueprints that a process knows. */
export interface BlueprintSet {
  /** By `name` (its highest version; releases before pre-releases) or `name@version`. */
  get(nameOrNameAtVersion: string): LoadedBlueprint | undefined;
  /** All of them, by name, then version, rising. */
  list(): readonly LoadedBlueprint[];
}

/** A set of these blueprints. Of two with the same name and version the later one stays. */
export function createBlueprintSet(blueprints: readonly LoadedBlueprint[]): BlueprintSet {
  const byKey = new Map(blueprints.map((blueprint) => [`${blueprint.name}@${blueprint.version}`, blueprint]));
  const sorted = [...byKey.values()].sort(byNameAndVersion);
  return {
    get: (key) => (key.includes('@') ? byKey.get(key) : sorted.findLast(({ name }) => name === key)),
    list: () => sorted,
  };
}

function byNameAndVersion(a: Blueprint, b: Blueprint): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return compareVersions(a.version, b.version);
}

/** Order of semantic versions (semver.org, section 11): negative when `a` comes before `b`. Build metadata doesn't count. */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', ...preA] = (a.split('+')[0] ?? '').split('-');
  const [coreB = '', ...preB] = (b.split('+')[0] ?? '').split('-');
  const core = compareDotted(coreA, coreB);
  if (core !== 0) return core;
  // A pre-release comes before its release.
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return compareDotted(preA.join('-'), preB.join('-'));
}

function compareDotted(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const numericA = /^\d+$/.test(a);
  const numericB = /^\d+$/.test(b);
  if (numericA && numericB) return Number(a) - Number(b);
  if (numericA !== numericB) return numericA ? -1 : 1;
  return a < b ? -1 : 1;
}
