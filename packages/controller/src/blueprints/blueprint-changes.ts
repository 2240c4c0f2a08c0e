import {
  type BlueprintChange,
  type BlueprintSet,
  blueprintHash,
  type LoadedBlueprint,
  parseSpec,
  type Spec,
} from '@shoal/common';
import type { Revisions } from '../spec/revisions.js';

/** A spec with the blueprints that it means. */
export interface SpecWithBlueprints {
  readonly spec: Spec;
  readonly blueprints: BlueprintSet;
}

/** Services of both specs whose blueprint became another one, in another version, or the same version with other content. In the order of `after`. */
export function blueprintChanges(
  before: SpecWithBlueprints | undefined,
  after: SpecWithBlueprints,
): BlueprintChange[] {
  return Object.entries(after.spec.services).flatMap(([service, { blueprint }]) => {
    const old = before?.spec.services[service];
    const from = old === undefined ? undefined : before?.blueprints.get(old.blueprint);
    const to = after.blueprints.get(blueprint);
    if (from === undefined || to === undefined || blueprintHash(from) === blueprintHash(to)) return [];
    return [{ service, before: nameAtVersion(from), after: nameAtVersion(to) }];
  });
}

function nameAtVersion({ name, version }: LoadedBlueprint): string {
  return `${name}@${version}`;
}

/** Which content each service of the newest revision uses: service to the hash of its blueprint. */
export async function usedBlueprints(revisions: Revisions): Promise<Readonly<Record<string, string>>> {
  const { latest } = (await revisions.head()).value;
  if (latest === 0) return {};
  const record = await revisions.record(latest);
  const services = Object.entries(parseSpec(record.spec, record.file).services);
  return Object.fromEntries(
    services.flatMap(([service, { blueprint }]) => {
      const hash = record.blueprints[blueprint];
      return hash === undefined ? [] : [[service, hash]];
    }),
  );
}
