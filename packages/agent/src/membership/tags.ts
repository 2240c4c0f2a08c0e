import { type LeaseState, leaseTag } from '@shoal/common';

/** Facts that a node gossips about itself. */
export interface NodeFacts {
  readonly clusterId: string;
  readonly site: string;
  readonly version: string;
  readonly tier: string;
  /** How its lease stands, and the time that is left of it, milliseconds. */
  readonly lease: { readonly state: LeaseState; readonly leftMs: number };
  readonly revision: number;
  /** Service name to health. */
  readonly services: readonly { readonly name: string; readonly health: string }[];
  /** Services that load balancers shall send nothing new to; `*`: all. Default: none. */
  readonly draining?: readonly string[];
}

/** Bytes that memberlist leaves for a member's facts (reference: 512 in all, one for Serf's mark). */
export const maxTagBytes = 511;

const healthMarks: Readonly<Record<string, string>> = { healthy: 'h', unhealthy: 'u' };

/** Bytes that a list of draining services may take; a longer one becomes `*`: rather too much is drained than too little. */
const maxDrainBytes = 160;

/**
 * The node's tags: `role`, `id` (cluster), `site`, `ver`, `tier`, `lease` (see `leaseTag`), `rev`, `drain` as `web,api` when there is something, and `svc` as `web:h,api:u` (h healthy, u unhealthy, ? unknown). Services that
 * don't fit are left out and said so by a final `+3`; then a long site name is cut.
 */
export function nodeTags(facts: NodeFacts, limit: number = maxTagBytes): Record<string, string> {
  const base = {
    role: 'agent',
    id: facts.clusterId,
    site: facts.site,
    ver: facts.version,
    tier: facts.tier,
    lease: leaseTag(facts.lease.state, facts.lease.leftMs),
    rev: String(facts.revision),
    ...drainTag(facts.draining ?? []),
  };
  const marks = facts.services.map(({ name, health }) => `${name}:${healthMarks[health] ?? '?'}`);
  for (let kept = marks.length; kept > 0; kept -= 1) {
    const left = marks.length - kept;
    const svc = [...marks.slice(0, kept), ...(left > 0 ? [`+${left}`] : [])].join(',');
    if (encodedBytes({ ...base, svc }) <= limit) return { ...base, svc };
  }
  if (encodedBytes(base) <= limit) return base;
  const over = encodedBytes(base) - limit;
  return {
    ...base,
    site: Buffer.from(base.site)
      .subarray(0, -over)
      .toString('utf8')
      .replace(/\uFFFD+$/, ''),
  };
}

function drainTag(services: readonly string[]): { drain?: string } {
  if (services.length === 0) return {};
  const drain = services.join(',');
  return { drain: Buffer.byteLength(drain) <= maxDrainBytes ? drain : '*' };
}

/** Upper bound of the tags' size as a MessagePack map of strings: five bytes of header for the map, at most three a string. */
function encodedBytes(tags: Readonly<Record<string, string>>): number {
  return Object.entries(tags).reduce(
    (sum, [name, value]) => sum + 6 + Buffer.byteLength(name) + Buffer.byteLength(value),
    5,
  );
}
