import { type Claim, decodeTags, type NodeRecord, type NodeStatus, type Tags } from '../core/index.js';

/** What a node is said to be, when it is not known whether to believe it. */
export interface ClaimedMember {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly state: NodeStatus;
  readonly tags: Tags;
  readonly incarnation: number;
  readonly versions: MemberVersions;
}

/** A node of the cluster as this node sees it; a snapshot that doesn't change. */
export interface Member extends ClaimedMember {
  /** When `state` last changed here, ms since 1970. */
  readonly since: number;
  /** True for this node itself. */
  readonly self: boolean;
}

/** Protocol versions that a node understands and speaks. */
export interface MemberVersions {
  /** memberlist's own protocol. */
  readonly protocol: VersionRange;
  /** The application's protocol on top of it. */
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

/** A claim as the application sees it. */
export function claimedMemberOf(claim: Claim): ClaimedMember {
  return {
    name: claim.name,
    address: claim.address.host,
    port: claim.address.port,
    state: claim.status,
    tags: decodeTags(claim.meta),
    incarnation: claim.incarnation,
    versions: { protocol: range(claim.vsn, 0), delegate: range(claim.vsn, 3) },
  };
}

/** @param epochOffset added to the core's clock it gives ms since 1970. */
export function memberOf(node: NodeRecord, epochOffset: number, selfName: string): Member {
  return {
    ...claimedMemberOf(node),
    since: Math.round(node.changedAt + epochOffset),
    self: node.name === selfName,
  };
}
