import { canonicalJson, ShoalError } from '@shoal/common';
import type { CompiledManifest } from '../spec/manifests.js';

type Compiled = CompiledManifest | ShoalError | undefined;

function servicesOf(compiled: Compiled): Map<string, string> {
  if (compiled === undefined || ShoalError.is(compiled)) return new Map();
  return new Map(compiled.manifest.services.map((service) => [service.name, canonicalJson(service)]));
}

/** Services that differ between two revisions on some node, or are only at one of them. `pairs`: each node's manifest before and after. */
export function touchedServices(
  pairs: Iterable<readonly [before: Compiled, after: Compiled]>,
): ReadonlySet<string> {
  const touched = new Set<string>();
  for (const [before, after] of pairs) {
    const old = servicesOf(before);
    const next = servicesOf(after);
    for (const name of new Set([...old.keys(), ...next.keys()])) {
      if (old.get(name) !== next.get(name)) touched.add(name);
    }
  }
  return touched;
}
