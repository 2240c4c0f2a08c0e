import type { BlueprintSet, PlanSecret, SecretChange, Spec } from '@shoal/common';
import { secretReferences, secretWarnings } from '@shoal/common';
import { secretsOf } from '../secrets/secrets.js';
import type { Vault } from '../secrets/vault.js';

/** What a plan says of secrets. */
export interface SecretPlan {
  readonly secrets: readonly PlanSecret[];
  readonly warnings: readonly string[];
}

/** Which secrets of the spec get a new value compared with `before` (versions by name), and what is to be said of how it uses them. */
export function planSecrets(
  spec: Spec,
  blueprints: BlueprintSet,
  vault: Pick<Vault, 'newest'>,
  before: Readonly<Record<string, string>>,
): SecretPlan {
  const renewed = secretsOf(spec).filter(
    (name) => before[name] !== undefined && before[name] !== vault.newest(name),
  );
  const secrets = renewed.map((name) => ({ name, services: servicesOf(spec, name) }));
  return { secrets, warnings: secretWarnings(spec, blueprints) };
}

/** Secrets that the spec and the one before it mean by different versions (by name). */
export function changedSecrets(
  spec: Spec,
  before: Readonly<Record<string, string>> = {},
  after: Readonly<Record<string, string>> = {},
): SecretChange[] {
  return Object.entries(after).flatMap(([name, version]) => {
    const old = before[name];
    if (old === undefined || old === version) return [];
    return [{ name, services: servicesOf(spec, name), before: old, after: version }];
  });
}

function servicesOf(spec: Spec, name: string): string[] {
  return Object.entries(spec.services)
    .filter(([, { params, perSite, perNode }]) =>
      [...secretReferences([params, perSite, perNode])].some((reference) => reference.name === name),
    )
    .map(([service]) => service);
}
