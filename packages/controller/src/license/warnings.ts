import { type ClockDoubt, describeClockDoubt } from '@shoal/common';
import { type LicenseStanding, nameOf } from './standing.js';

/** What the warnings are told from. */
export interface LicenseSituation {
  readonly standing: LicenseStanding;
  /** Trusted time, ms since the epoch. */
  readonly now: number;
  readonly doubt: ClockDoubt | null;
  readonly nodes: number;
  readonly sites: readonly string[];
  /** Nodes that say that they stand at another site, for which the license has no room: why. */
  readonly refusedMoves: readonly string[];
}

const dayMs = 86_400_000;

/** Everything about the license that an operator should do something about, for people; the most urgent first. */
export function licenseWarnings(situation: LicenseSituation): string[] {
  const { standing, doubt, refusedMoves } = situation;
  return [
    ...endWarnings(situation),
    ...standing.problems
      // One that is over is told by the end of the license itself.
      .filter(
        ({ reason, licenseId }) =>
          reason !== 'superseded' && !(reason === 'expired' && licenseId === standing.license?.id),
      )
      .map(({ source, message, hint }) => `license (${source}): ${message}${hint === '' ? '' : `. ${hint}`}`),
    ...(doubt === null ? [] : [`on the controller's host ${describeClockDoubt(doubt)}`]),
    ...overLimits(situation),
    ...refusedMoves,
  ];
}

/** The least of the license's warning days that is reached; undefined: none is, or it is over. What is logged once for each. */
export function reachedWarnDay({ license, status }: LicenseStanding): number | undefined {
  if (license === null || status === null || status.state !== 'expiring') return undefined;
  return license.warnDays.filter((days) => status.daysLeft <= days).at(-1);
}

function endWarnings({ standing, now }: LicenseSituation): string[] {
  const { license, status, state } = standing;
  if (license === null || status === null) return [];
  const install = 'install its successor: shoal license install FILE';
  if (state === 'expiring')
    return [
      `the license ${license.id} ends in ${lasting(status.expiresAt - now)}, ${at(status.expiresAt)}: ${install}`,
    ];
  if (state === 'grace')
    return [
      `the license ${license.id} ended ${at(status.expiresAt)}; it counts for ${lasting(status.graceEndsAt - now)} more, then the free tier does: ${install}`,
    ];
  if (state === 'expired')
    return [
      `the license ${license.id} ended ${at(status.expiresAt)}, its grace ${at(status.graceEndsAt)}: the free tier counts. What runs goes on within its limits; ${install}`,
    ];
  return [];
}

/** More runs than the limits allow: it goes on, and nothing can be added. */
function overLimits({ standing, nodes, sites }: LicenseSituation): string[] {
  const { limits } = standing;
  const name = nameOf(standing);
  const warnings: string[] = [];
  if (limits.nodes !== null && nodes > limits.nodes)
    warnings.push(
      `${nodes} nodes are enrolled, ${name} allows ${limits.nodes}: they go on, no other can join`,
    );
  if (limits.sites !== null && sites.length > limits.sites)
    warnings.push(
      `nodes stand at ${sites.length} sites, ${name} allows ${limits.sites}: they go on, no other site can be added`,
    );
  return warnings;
}

function at(time: number): string {
  return `at ${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `3 d`, `7 h`, `12 min`; never 0. */
function lasting(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} d`;
  return minutes >= 120 ? `${Math.floor(minutes / 60)} h` : `${minutes} min`;
}
