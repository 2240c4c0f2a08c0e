import type { BlueprintSet, LoadedBlueprint, Manifest, SignedDocument, Spec } from '@shoal/common';
import {
  blueprintHash,
  compileManifest,
  manifestHash,
  parseSpec,
  ShoalError,
  signDocument,
} from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import type { Revisions } from './revisions.js';

/** A node's name and site. */
export interface NodePlace {
  readonly name: string;
  readonly site: string;
}

/** What a node must look like at a revision. */
export interface CompiledManifest {
  readonly manifest: Manifest;
  /** Content hash, hex. */
  readonly hash: string;
}

/** Which version of each secret is meant, by name. */
export type SecretVersions = Readonly<Record<string, string>>;

/** A revision's spec with the blueprints as they were when it was committed. */
export interface RevisionContent {
  readonly spec: Spec;
  readonly blueprints: BlueprintSet;
  readonly secrets: SecretVersions;
}

/** Compiled manifests that are kept; beyond that all are dropped and made again. */
const keptManifests = 20_000;

function setOf(byName: ReadonlyMap<string, LoadedBlueprint>): BlueprintSet {
  return { get: (name) => byName.get(name), list: () => [...byName.values()] };
}

/** The blueprints that a spec uses, as they are now: their hashes by the names in the spec, and the writes that keep them. */
export function snapshotBlueprints(
  spec: Spec,
  blueprints: BlueprintSet,
): { hashes: Record<string, string>; writes: Write[] } {
  const hashes: Record<string, string> = {};
  const writes = new Map<string, Write>();
  for (const { blueprint: name } of Object.values(spec.services)) {
    const loaded = blueprints.get(name);
    if (loaded === undefined) throw new ShoalError('invalid_input', `Unknown blueprint "${name}"`);
    const hash = blueprintHash(loaded);
    hashes[name] = hash;
    writes.set(hash, putJson(keys.blueprint(hash), { ...loaded, directory: '' }));
  }
  return { hashes, writes: [...writes.values()] };
}

/** Compiles what nodes must look like, out of what was committed alone: blueprints on disk may have changed since. */
export class Manifests {
  readonly #store: Store;
  readonly #revisions: Revisions;
  readonly #clusterId: string;
  readonly #privateKeyPem: string;
  readonly #contents = new Map<number, RevisionContent>();
  readonly #compiled = new Map<string, CompiledManifest | ShoalError>();

  constructor(store: Store, revisions: Revisions, cluster: { id: string; privateKeyPem: string }) {
    this.#store = store;
    this.#revisions = revisions;
    this.#clusterId = cluster.id;
    this.#privateKeyPem = cluster.privateKeyPem;
  }

  /** Reads a revision's content, so that `at` knows it. */
  async prepare(revision: number): Promise<void> {
    if (revision === 0 || this.#contents.has(revision)) return;
    const record = await this.#revisions.record(revision);
    const byName = new Map<string, LoadedBlueprint>();
    for (const [name, hash] of Object.entries(record.blueprints)) {
      const stored = await getJson<LoadedBlueprint>(this.#store, keys.blueprint(hash));
      if (stored === undefined)
        throw new ShoalError('internal', `Blueprint ${name} of revision ${revision} is not in the store`);
      byName.set(name, stored.value);
    }
    const spec = parseSpec(record.spec, record.file);
    const { secrets = {} } = record;
    this.#contents.set(revision, { spec, blueprints: setOf(byName), secrets });
  }

  /** A revision's spec with the blueprints that it was committed with. @throws ShoalError `not_found` */
  async content(revision: number): Promise<RevisionContent> {
    await this.prepare(revision);
    const content = this.#contents.get(revision);
    if (content === undefined) throw new ShoalError('not_found', `There is no revision ${revision}`);
    return content;
  }

  /** The node's manifest at a prepared revision; undefined for revision 0; the error when it can't be compiled for this node. */
  at(node: NodePlace, revision: number): CompiledManifest | ShoalError | undefined {
    if (revision === 0) return undefined;
    const key = `${revision}/${node.site}/${node.name}`;
    const kept = this.#compiled.get(key);
    if (kept !== undefined) return kept;
    const content = this.#contents.get(revision);
    if (content === undefined) throw new ShoalError('internal', `Revision ${revision} was not prepared`);
    const made = this.compile(node, revision, content.spec, content.blueprints, content.secrets);
    if (this.#compiled.size >= keptManifests) this.#compiled.clear();
    this.#compiled.set(key, made);
    return made;
  }

  /** The node's manifest for a spec that may not be committed; the error when it can't be compiled. */
  compile(
    node: NodePlace,
    revision: number,
    spec: Spec,
    blueprints: BlueprintSet,
    secrets: SecretVersions,
  ): CompiledManifest | ShoalError {
    try {
      const manifest = compileManifest({
        spec,
        blueprints,
        secrets,
        clusterId: this.#clusterId,
        node,
        revision,
      });
      return { manifest, hash: manifestHash(manifest) };
    } catch (error) {
      return ShoalError.from(error);
    }
  }

  /** The revision's own spec, once prepared. */
  spec(revision: number): Spec | undefined {
    return this.#contents.get(revision)?.spec;
  }

  /** The blueprints that the revision was committed with. */
  async blueprintsOf(revision: number): Promise<BlueprintSet> {
    await this.prepare(revision);
    return this.#contents.get(revision)?.blueprints ?? setOf(new Map());
  }

  sign(manifest: Manifest): SignedDocument {
    return signDocument(manifest, this.#privateKeyPem);
  }
}
