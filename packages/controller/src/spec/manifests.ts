import type { BlueprintSet, LoadedBlueprint, SignedDocument, Spec } from '@shoal/common';
import {
  blueprintHash,
  manifestHead,
  manifestPayload,
  parseSpec,
  ShoalError,
  signDocument,
  signPayload,
} from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { type CompiledManifest, SpecCompiler } from './compiler.js';
import type { Revisions } from './revisions.js';

/** A node's name and site. */
export interface NodePlace {
  readonly name: string;
  readonly site: string;
}

/** Which version of each secret is meant, by name. */
export type SecretVersions = Readonly<Record<string, string>>;

/** A revision's spec with the blueprints as they were when it was committed. */
export interface RevisionContent {
  readonly spec: Spec;
  readonly blueprints: BlueprintSet;
  readonly secrets: SecretVersions;
}

/** Bytes of manifests' contents that are kept, of all revisions; beyond that those of the revision that was asked for least recently are dropped, and made again. */
const keptBytes = 256 * 1024 * 1024;
/** Revisions of which manifests are kept. */
const keptRevisions = 32;
/** Blueprints that are kept. */
const keptBlueprints = 200;

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
  /** The one that was asked for least recently first. */
  readonly #compilers = new Map<number, SpecCompiler>();
  /** The revision that was asked for last. */
  #newest = 0;
  /** By hash: what a hash means never changes. */
  readonly #blueprints = new Map<string, LoadedBlueprint>();

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
      const blueprint = await this.#blueprint(hash);
      if (blueprint === undefined)
        throw new ShoalError('internal', `Blueprint ${name} of revision ${revision} is not in the store`);
      byName.set(name, blueprint);
    }
    const spec = parseSpec(record.spec, record.file);
    const { secrets = {} } = record;
    this.#contents.set(revision, { spec, blueprints: setOf(byName), secrets });
  }

  async #blueprint(hash: string): Promise<LoadedBlueprint | undefined> {
    const known = this.#blueprints.get(hash);
    if (known !== undefined) return known;
    const stored = await getJson<LoadedBlueprint>(this.#store, keys.blueprint(hash));
    if (stored === undefined) return undefined;
    if (this.#blueprints.size >= keptBlueprints) this.#blueprints.clear();
    this.#blueprints.set(hash, stored.value);
    return stored.value;
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
    return this.#compiler(revision).compile(node);
  }

  #compiler(revision: number): SpecCompiler {
    const known = this.#compilers.get(revision);
    if (known !== undefined && this.#newest === revision) return known;
    const content = this.#contents.get(revision);
    if (content === undefined) throw new ShoalError('internal', `Revision ${revision} was not prepared`);
    const compiler = known ?? new SpecCompiler(content, this.#clusterId, revision);
    this.#newest = revision;
    this.#compilers.delete(revision);
    this.#compilers.set(revision, compiler);
    // Two revisions are asked for in turn, node by node: that there are too many is looked at when one more comes.
    if (known === undefined) this.#dropOldest();
    return compiler;
  }

  #dropOldest(): void {
    let bytes = 0;
    for (const compiler of this.#compilers.values()) bytes += compiler.bytes;
    for (const [revision, compiler] of this.#compilers) {
      const isWithin = bytes <= keptBytes && this.#compilers.size <= keptRevisions;
      if (isWithin || revision === this.#newest) return;
      this.#compilers.delete(revision);
      bytes -= compiler.bytes;
    }
  }

  /** A manifest that a node says it has: that of a prepared revision, if its content hash is this; undefined: it isn't known here. */
  held(node: NodePlace, revision: number, hash: string): CompiledManifest | undefined {
    if (hash === '' || !this.#contents.has(revision)) return undefined;
    const compiled = this.at(node, revision);
    return compiled === undefined || ShoalError.is(compiled) || compiled.hash !== hash ? undefined : compiled;
  }

  /** Compiles a spec that may not be committed; its manifests carry no revision (0). */
  compiler(content: RevisionContent): SpecCompiler {
    return new SpecCompiler(content, this.#clusterId, 0);
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

  /** The whole manifest, signed. */
  sign({ manifest, content }: CompiledManifest): SignedDocument {
    return signPayload(manifestPayload(manifest, content), this.#privateKeyPem);
  }

  /** Its head, signed: for a node that gets or has the content by another way. */
  signHead({ manifest, hash }: CompiledManifest): SignedDocument {
    return signDocument(manifestHead(manifest, hash), this.#privateKeyPem);
  }
}
