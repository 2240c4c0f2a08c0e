import { canonicalJson, changeRanks, ShoalError, type Spec } from '@shoal/common';
import type { CompiledManifest } from '../spec/compiler.js';
import type { Manifests, NodePlace } from '../spec/manifests.js';

type Compiled = CompiledManifest | ShoalError | undefined;

function servicesOf(compiled: Compiled): Map<string, string> {
  if (compiled === undefined || ShoalError.is(compiled)) return new Map();
  return new Map(compiled.manifest.services.map((service) => [service.name, canonicalJson(service)]));
}

/** Services that differ between two revisions on some node, or are only at one of them. `pairs`: each node's manifest before and after. */
function touchedServices(pairs: Iterable<readonly [before: Compiled, after: Compiled]>): ReadonlySet<string> {
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

/** What a rollout needs to know of its change, made once. */
export interface ChangeSummary {
  readonly key: string;
  /** As `changeRanks` gives them. */
  readonly ranks: ReadonlyMap<string, number>;
  /** Services that it touches; found out when it is asked for first. */
  readonly touched: () => ReadonlySet<string>;
}

/** The change from one (prepared) revision to another. */
export function summarizeChange(options: {
  readonly key: string;
  readonly revision: number;
  readonly from: number;
  readonly places: readonly NodePlace[];
  readonly manifests: Pick<Manifests, 'at' | 'spec'>;
}): ChangeSummary {
  const { key, revision, from, places, manifests } = options;
  let touched: ReadonlySet<string> | undefined;
  const servicesAt = (number: number): Spec['services'] => manifests.spec(number)?.services ?? {};
  return {
    key,
    ranks: changeRanks(servicesAt(from), servicesAt(revision), places),
    touched: () => {
      touched ??= touchedServices(
        places.map((place) => [manifests.at(place, from), manifests.at(place, revision)] as const),
      );
      return touched;
    },
  };
}
