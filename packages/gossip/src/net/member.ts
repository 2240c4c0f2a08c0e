import { decodeTags, type NodeRecord, type NodeStatus, type Tags } from '../core/index.js';

/** A node of the cluster as this node sees it; a snapshot that doesn't change. */
export interface Member {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly state: NodeStatus;
  readonly tags: Tags;
  readonly incarnation: number;
  /** When `state` last changed here, ms since 1970. */
  readonly since: number;
  readonly versions: MemberVersions;
  /** True for this node itself. */
  readonly self: boolean;
}

/** Protocol versions that a node understands and speaks. */
export interface MemberVersions {
  readonly protocol: VersionRange;
  readonly delegate: VersionRange;
}

/** One protocol's versions. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
  readonly current: number;
}

function range(vsn: Uint8Array | null, at: number): VersionRange {
  return { min: vsn?.[at] ?? 0, max: vsn?.[at + 1] ?? 0, current: vsn?.[at + 2] ?? 0 };
}

/** @param epochOffset added to the core's clock it gives ms since 1970. */
export function memberOf(node: NodeRecord, epochOffset: number, self: NodeRecord): Member {
  return {
    name: node.name,
    address: node.address.host,
    port: node.address.port,
    state: node.status,
    tags: decodeTags(node.meta),
    incarnation: node.incarnation,
    since: Math.round(node.changedAt + epochOffset),
    versions: { protocol: range(node.vsn, 0), delegate: range(node.vsn, 3) },
    self: node.name === self.name,
  };
}
