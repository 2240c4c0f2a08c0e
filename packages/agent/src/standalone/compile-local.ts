import { readFile } from 'node:fs/promises';
import {
  builtinBlueprintsDir,
  checkFeatures,
  checkSpec,
  compileManifest,
  featuresInForce,
  freeLimits,
  loadBlueprints,
  type Manifest,
  parseSpec,
  parseYaml,
  ShoalError,
} from '@shoal/common';
import type { SecretValue } from '../secrets/secret-store.js';

/** What a local manifest is made of. */
export interface LocalSources {
  /** Path of the local spec. */
  readonly file: string;
  /** Directories of blueprints besides the built-in ones. */
  readonly blueprints: readonly string[];
  readonly node: { readonly name: string; readonly site: string };
  readonly revision: number;
  /** The secrets that the spec may refer to, and the file that they come from. Default: none. */
  readonly secrets?: { readonly file: string; readonly values: readonly SecretValue[] };
  /** What runs here; licensed features that it uses aren't taken away. Default: nothing. */
  readonly running?: Manifest | undefined;
}

/** Cluster id in the manifests of a host that is in none. */
export const standaloneClusterId = 'standalone';

/** A host that is in no cluster has no license. */
const standaloneLimits = {
  name: 'the free tier of a standalone host',
  features: freeLimits.features,
  hint: 'Licenses count in a cluster: set cluster.controller and join one whose license includes it, or use another blueprint.',
};

/** The local spec and what it says about this host. Throws `invalid_input` with every problem at file:line:column; `resource_exhausted` for features that no free tier has; `not_found` for a missing file. */
export async function compileLocal(sources: LocalSources): Promise<Manifest> {
  const text = await readFile(sources.file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT';
    throw new ShoalError(
      missing ? 'not_found' : 'failed_precondition',
      missing ? `there is no local spec at ${sources.file}` : `can't read ${sources.file}: ${cause.code}`,
      { hint: 'write one, or set standalone.spec; to join a cluster instead set cluster.controller', cause },
    );
  });
  const spec = parseSpec(text, sources.file);
  const blueprints = await loadBlueprints([builtinBlueprintsDir(), ...sources.blueprints]);
  const { node, revision, secrets = { file: 'the file of secrets', values: [] } } = sources;
  const names = secrets.values.map(({ name }) => name);
  const howToSet = (name: string) => `write it into ${secrets.file}: "${name}: VALUE"`;
  const document = parseYaml(text, sources.file);
  checkSpec(spec, blueprints, { nodes: [node], secrets: { names, howToSet } }, document);
  const used = sources.running === undefined ? [] : featuresInForce(sources.running, blueprints);
  checkFeatures({ spec, blueprints }, standaloneLimits, used, document);
  const versions = Object.fromEntries(secrets.values.map(({ name, version }) => [name, version]));
  return compileManifest({
    spec,
    blueprints,
    secrets: versions,
    clusterId: standaloneClusterId,
    node,
    revision,
  });
}
