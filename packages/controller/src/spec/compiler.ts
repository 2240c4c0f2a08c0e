import {
  compileManifest,
  contentHash,
  type Manifest,
  manifestContent,
  placementOf,
  ShoalError,
} from '@shoal/common';
import type { NodePlace, RevisionContent } from './manifests.js';

/** What a node must look like at a revision. */
export interface CompiledManifest {
  readonly manifest: Manifest;
  /** Content hash, hex. */
  readonly hash: string;
  /** What it is the hash of, as `manifestContent`; nodes with the same content share it. */
  readonly content: Buffer;
}

/** The manifests of one spec. What nodes have in common is compiled once: of a thousand nodes, most differ by their name alone. */
export class SpecCompiler {
  readonly #source: RevisionContent;
  readonly #clusterId: string;
  readonly #revision: number;
  readonly #groups = new Map<string, CompiledManifest | ShoalError>();
  /** By site, then by name. */
  readonly #nodes = new Map<string, Map<string, CompiledManifest | ShoalError>>();
  #bytes = 0;

  /** `revision`: the number that the manifests carry. */
  constructor(source: RevisionContent, clusterId: string, revision: number) {
    this.#source = source;
    this.#clusterId = clusterId;
    this.#revision = revision;
  }

  /** Bytes of all contents that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The node's manifest; the error when it can't be compiled for this node. */
  compile(node: NodePlace): CompiledManifest | ShoalError {
    const ofSite = this.#nodes.get(node.site) ?? new Map<string, CompiledManifest | ShoalError>();
    const known = ofSite.get(node.name);
    if (known !== undefined) return known;
    const shared = this.#shared(node);
    const made = ShoalError.is(shared)
      ? shared
      : { ...shared, manifest: { ...shared.manifest, node: node.name } };
    ofSite.set(node.name, made);
    this.#nodes.set(node.site, ofSite);
    return made;
  }

  /** The manifest of some node with the same content. */
  #shared(node: NodePlace): CompiledManifest | ShoalError {
    const placement = placementOf(this.#source.spec, node);
    const known = this.#groups.get(placement);
    if (known !== undefined) return known;
    const made = this.#make(node);
    if (!ShoalError.is(made)) this.#bytes += made.content.length;
    this.#groups.set(placement, made);
    return made;
  }

  #make(node: NodePlace): CompiledManifest | ShoalError {
    try {
      const [clusterId, revision] = [this.#clusterId, this.#revision];
      const manifest = compileManifest({ ...this.#source, clusterId, node, revision });
      const content = Buffer.from(manifestContent(manifest));
      return { manifest, hash: contentHash(content), content };
    } catch (error) {
      return ShoalError.from(error);
    }
  }
}
