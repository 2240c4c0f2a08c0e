import {
  type ClockDoubt,
  describeClockDoubt,
  type LicenseProblemView,
  type LicenseWarningView,
  lengthOfTime,
} from '@shoal/common';
import { installedSource, type LicenseStanding, nameOf } from './standing.js';
import { utc } from './turn-words.js';

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
export function licenseWarnings(situation: LicenseSituation): readonly LicenseWarningView[] {
  const { standing, doubt, refusedMoves } = situation;
  const { state, problems } = standing;
  const refused = problems
    // One that is over is told by the end of the license itself.
    .filter(
      ({ reason, licenseId }) =>
        reason !== 'superseded' && !(reason === 'expired' && licenseId === standing.license?.id),
    )
    .map(refusedWords);
  const others = [
    ...(doubt === null ? [] : [`On the controller's host ${describeClockDoubt(doubt)}`]),
    ...overLimits(situation),
    ...refusedMoves,
  ];
  return [
    ...endWarnings(situation).map(as(state === 'grace' || state === 'expired' ? 'critical' : 'warning')),
    ...refused.map(as(state === 'refused' ? 'critical' : 'warning')),
    ...others.map(as('warning')),
  ];
}

/** The least of the license's warning days that is reached; undefined: none is, or it is over. What is logged once for each. */
export function reachedWarnDay({ license, status }: LicenseStanding, now: number): number | undefined {
  if (license === null || status === null || status.state !== 'expiring') return undefined;
  return license.warnDays.filter((days) => status.expiresAt - now <= days * dayMs).at(-1);
}

function as(severity: LicenseWarningView['severity']): (message: string) => LicenseWarningView {
  return (message) => ({ severity, message });
}

function endWarnings({ standing, now }: LicenseSituation): string[] {
  const { license, status, state, next, gap, coveredUntil } = standing;
  const [successor] = next;
  const install = 'install its successor: shoal license install FILE';
  const then =
    successor === undefined ? install : `${successor.licenseId} counts from ${utc(successor.countsFrom)} on`;
  if (license === null || status === null)
    return state === 'none' && successor !== undefined
      ? [`No license counts yet, the free tier does: ${then}`]
      : [];
  const { expiresAt, graceEndsAt } = status;
  if (state === 'expired') {
    const grace = graceEndsAt > expiresAt ? `, its grace at ${utc(graceEndsAt)}` : '';
    return [
      `The license ${license.id} ended at ${utc(expiresAt)}${grace}: the free tier counts. What runs goes on within its limits; ${then}`,
    ];
  }
  const warnings: string[] = [];
  // Else another one follows at once.
  if (coveredUntil === expiresAt && state === 'expiring')
    warnings.push(
      `The license ${license.id} ends in ${lengthOfTime(expiresAt - now)}, at ${utc(expiresAt)}: ${install}`,
    );
  if (coveredUntil === expiresAt && state === 'grace')
    warnings.push(
      `The license ${license.id} ended at ${utc(expiresAt)}; it counts for ${lengthOfTime(graceEndsAt - now)} more, then the free tier does: ${install}`,
    );
  if (gap !== null)
    warnings.push(
      `No license counts from ${utc(gap.from)} to ${utc(gap.until)}, the free tier does: install one for that time`,
    );
  return warnings;
}

function refusedWords({ source, licenseId, known, reason, message, hint }: LicenseProblemView): string {
  const about = known === null ? '' : ` (${known.tier}, ${known.customer})`;
  const name = licenseId === null ? 'The license' : `The license ${licenseId}${about}`;
  const from =
    reason === 'unreadable' ? ' of controller.yaml' : source === installedSource ? '' : ` in ${source}`;
  const why = message.replace(/^the license (?=(is|was|has|names|asks|says|expired)\b)/, 'it ');
  return `${name}${from} does not count: ${why}${hint === '' ? '' : `. ${capitalized(hint)}`}`;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
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
      `Nodes stand at ${sites.length} sites, ${name} allows ${limits.sites}: they go on, no other site can be added`,
    );
  return warnings;
}
