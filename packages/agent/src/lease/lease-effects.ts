import { canonicalJson } from '@shoal/common';
import type { Grant, LeaseEffect, LeaseMachine } from './lease-states.js';

/** What is to be done when the machine came from one state to another: first what is said, then pools before the gossip is left, limits last. */
export function effectsBetween(before: LeaseMachine, after: LeaseMachine, now: number): LeaseEffect[] {
  const effects: LeaseEffect[] = [];
  const said = told(before, after, now);
  if (said !== undefined) effects.push(said);
  const { demands: from } = before;
  const { demands: to } = after;
  if (from.pools !== to.pools) effects.push({ kind: 'pools', pools: to.pools });
  if (from.gossip !== to.gossip) effects.push({ kind: to.gossip ? 'joinGossip' : 'leaveGossip' });
  if (from.manifests !== to.manifests)
    effects.push({ kind: to.manifests ? 'takeManifests' : 'refuseManifests' });
  if (!isSame(from.grant, to.grant)) effects.push({ kind: 'limits', grant: to.grant });
  const isLate = after.why === 'unrenewed' && after.state !== before.state;
  if (isLate) effects.push({ kind: 'renew' });
  return effects;
}

function isSame(one: Grant, other: Grant): boolean {
  if (one.tier !== other.tier) return false;
  return one.limits === other.limits || canonicalJson(one.limits) === canonicalJson(other.limits);
}

function told(before: LeaseMachine, after: LeaseMachine, now: number): LeaseEffect | undefined {
  if (before.state === after.state && before.why === after.why && before.lease?.tier === after.lease?.tier)
    return undefined;
  const text = describeLease(after, now);
  const { state, lease } = after;
  if (state === 'active' || state === 'restored' || lease === null)
    return { kind: 'say', level: 'info', text };
  return { kind: 'say', level: state === 'warning' ? 'warn' : 'error', text };
}

/** The state in one sentence, for people. `now`: trusted time. */
export function describeLease({ state, why, lease }: LeaseMachine, now: number): string {
  if (lease === null)
    return 'there is no lease: limits of the free tier apply, and the node keeps out of the gossip; services go on';
  const { tier, startsAt, endsAt, graceMs, licenseExpiresAt } = lease;
  const since = inWords(now - startsAt);
  switch (state) {
    case 'active':
      return `the lease grants the tier ${tier} until ${atTime(endsAt)}`;
    case 'restored':
      return `a lease came: the tier ${tier} is granted until ${atTime(endsAt)}, the node goes back into the gossip`;
    case 'warning':
      if (why === 'license')
        return `the cluster's license ends at ${atTime(licenseExpiresAt ?? endsAt)}: a new one is to be installed`;
      return `the lease was not renewed for ${since}: the tier ${tier} ends at ${atTime(endsAt + graceMs)} unless the controller is reached`;
    case 'expired':
      return `the lease has ended after ${since} without the controller: the tier ${tier} goes on until ${atTime(endsAt + graceMs)}, then limits of the free tier apply`;
    case 'degraded':
      return `the lease has ended after ${since} without the controller: limits of the free tier apply, and the node keeps out of the gossip; services go on, with the members that were known last`;
  }
}

function atTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Whole units that went by. */
function inWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
