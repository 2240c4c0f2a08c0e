/** Protocol versions as six bytes: memberlist's [min, max, current], then the application's. */
export type VersionBytes = Uint8Array;

/** memberlist's own protocol: understands 1 to 5, speaks 2, as every release since 2013 does. */
const CORE_VERSIONS: readonly [number, number, number] = [1, 5, 2];

/** From this greatest version on, a node answers TCP pings (3), sends nacks (4), takes CRC headers (5). */
export const Capability = { tcpPing: 3, nack: 4, crc: 5 } as const;

/** The version bytes that this node announces. */
export function ownVersions(delegate: readonly [min: number, max: number, current: number]): VersionBytes {
  return Uint8Array.of(...CORE_VERSIONS, ...delegate);
}

/** Greatest memberlist version that a node with these bytes understands. */
export function greatestVersion(vsn: VersionBytes | null): number {
  return vsn?.[1] ?? 0;
}

/** Says whether version bytes make sense at all: six of them, and a range for memberlist's protocol. */
export function saneVersions(vsn: VersionBytes | null): vsn is VersionBytes {
  if (vsn === null || vsn.length !== 6) return false;
  const [min = 0, max = 0] = vsn;
  return min > 0 && min <= max;
}

/** A node and its version bytes, for the check of a whole cluster. */
export interface Versioned {
  name: string;
  vsn: VersionBytes | null;
}

/**
 * Checks that all nodes could talk with each other: each current version must lie within what every node
 * understands, for memberlist's and for the application's protocol. Returns the first complaint.
 */
export function findIncompatible(nodes: readonly Versioned[]): string | undefined {
  for (const [offset, what] of [
    [0, 'protocol'],
    [3, 'delegate protocol'],
  ] as const) {
    let least = 0;
    let most = 255;
    let previous: VersionBytes | null | undefined;
    for (const { vsn } of nodes) {
      if (vsn === previous) continue;
      previous = vsn;
      least = Math.max(least, vsn?.[offset] ?? 0);
      most = Math.min(most, vsn?.[offset + 1] ?? 0);
    }
    for (const { name, vsn } of nodes) {
      const current = vsn?.[offset + 2] ?? 0;
      if (current < least || current > most) {
        return `node '${name}' ${what} version (${current}) is incompatible: [${least}, ${most}]`;
      }
    }
  }
  return undefined;
}
