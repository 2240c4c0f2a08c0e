import type { AgentStatus } from '@shoal/agent';
import type { Palette } from './text.js';
import { lasting, left, localTime, printable, shortHash } from './text.js';

/** What the agent on this host says of itself, at a glance: a line for each thing, what is wrong last. `now`: by this host's clock. */
export function localStatusText(status: AgentStatus, paint: Palette, now: number = Date.now()): string {
  const lines: (readonly [name: string, text: string])[] = [
    ['node', `${paint.bold(status.node)} (site ${status.site})`],
    ['agent', `${status.version}, up ${lasting(status.startedAt, now)}`],
    ['cluster', clusterText(status, paint)],
    ...controllerLine(status, paint),
    ['tier', tierText(status, paint)],
    ['lease', leaseText(status, paint)],
    ['limits', limitsText(status)],
    ['revision', revisionText(status, paint)],
    ...membersLines(status, paint),
    ...servicesLines(status, paint),
  ];
  for (const problem of status.problems) lines.push(['problem', printable(problem)]);
  for (const warning of warningsOf(status)) lines.push(['warning', printable(warning)]);
  return lines
    .map(
      ([name, text]) =>
        `${name === 'problem' ? paint.bad(name) : name === 'warning' ? paint.warn(name) : name}${' '.repeat(12 - name.length)}${text}\n`,
    )
    .join('');
}

function clusterText({ mode, cluster }: AgentStatus, paint: Palette): string {
  if (cluster !== null && mode !== 'removed') return `${paint.bold(cluster.name)} (${cluster.id})`;
  if (mode === 'standalone') return 'none: standalone, by a local spec';
  return mode === 'removed'
    ? paint.bad('none: the controller removed this node')
    : paint.warn('not joined yet');
}

function controllerLine({ mode, cluster }: AgentStatus, paint: Palette): [string, string][] {
  if (cluster === null || mode === 'removed') return [];
  const { controller, link, lastError } = cluster;
  if (link === 'connected') return [['controller', `${controller}, ${paint.good('connected')}`]];
  const why = lastError === '' ? '' : `: ${printable(lastError)}`;
  return [['controller', `${controller}, ${paint.warn('not connected')}${why}`]];
}

function tierText({ lease }: AgentStatus, paint: Palette): string {
  const { tier, state, licenseId, licenseExpiresAt, trustedTime } = lease;
  if (licenseId === null) return `${paint.bold(tier)}, no license`;
  if (state === 'degraded')
    return `${paint.bold(tier)}, since the lease ended (license ${printable(licenseId)} isn't in force here)`;
  const license = `${paint.bold(tier)}, license ${printable(licenseId)}`;
  if (licenseExpiresAt === null) return license;
  const rest = licenseExpiresAt <= trustedTime ? 'ended' : `${left(licenseExpiresAt, trustedTime)} left`;
  return `${license} until ${localTime(licenseExpiresAt)} (${rest})`;
}

function leaseText({ lease, mode }: AgentStatus, paint: Palette): string {
  const { state, expiresAt, graceEndsAt, trustedTime } = lease;
  if (expiresAt === null || graceEndsAt === null)
    return mode === 'standalone' || mode === 'removed' ? 'none' : paint.warn('none yet');
  const bad = state === 'degraded' || state === 'expired';
  const word = state === 'active' ? paint.good(state) : bad ? paint.bad(state) : paint.warn(state);
  if (graceEndsAt <= trustedTime) return `${word}, ended ${localTime(graceEndsAt)}`;
  const isOver = expiresAt <= trustedTime;
  const until = isOver ? graceEndsAt : expiresAt;
  return `${word}, ${isOver ? 'in its grace ' : ''}until ${localTime(until)} (${left(until, trustedTime)} left)`;
}

function limitsText({ lease, requestsRefused, startedAt }: AgentStatus): string {
  const limits = Object.entries(lease.limits).map(([name, limit]) => `${printable(name)} ${limit}`);
  if (limits.length === 0) return 'none';
  const refused =
    requestsRefused === 0 ? '' : `, ${requestsRefused} requests refused since ${localTime(startedAt)}`;
  return `${limits.join(', ')} (of each service here)${refused}`;
}

function revisionText({ report }: AgentStatus, paint: Palette): string {
  const { runningRevision = 0, runningHash = '', state = 'IDLE', convergingHash = '' } = report;
  const isNone = Number(runningRevision) === 0;
  const running = isNone ? 'none yet' : `${runningRevision} (${shortHash(runningHash)})`;
  if (state === 'IDLE') return isNone ? running : `${running}, ${paint.good('converged')}`;
  if (state === 'FAILED') return `${running}, ${paint.bad(`revision ${report.failedRevision} failed`)}`;
  const word = paint.warn(String(state).toLowerCase());
  const isOther = convergingHash !== '' && convergingHash !== runningHash;
  return `${running}, ${word}${isOther ? ` (${shortHash(convergingHash)})` : ''}`;
}

function membersLines({ mode, members, pools }: AgentStatus, paint: Palette): [string, string][] {
  if (mode === 'standalone') return [];
  const counts = Object.entries(members ?? {}).filter(([, count]) => count > 0);
  const gossip =
    members === null
      ? paint.warn('out of the gossip')
      : counts.map(([state, n]) => `${n} ${state}`).join(', ');
  const nodes = `${pools.nodes} node${pools.nodes === 1 ? '' : 's'}`;
  const kept =
    pools.state === 'frozen'
      ? paint.warn(`frozen: load balancers here keep the ${nodes} that were known last`)
      : `load balancers here also keep nodes that left for want of a lease, ${nodes} in all`;
  return [['members', gossip], ...(pools.state === 'live' ? [] : [['pools', kept] as [string, string]])];
}

function servicesLines({ report }: AgentStatus, paint: Palette): [string, string][] {
  const services = report.services ?? [];
  if (services.length === 0) return [['services', 'none']];
  return services.map(({ service = '', process = '', health = '', restarts = 0 }, index) => {
    const well = health === 'healthy' ? paint.good(health) : paint.bad(health);
    const drained = report.draining?.includes(service) === true ? `, ${paint.warn('draining')}` : '';
    const again = restarts === 0 ? '' : `, restarts ${restarts}`;
    return [index === 0 ? 'services' : '', `${printable(service)} ${process}, ${well}${drained}${again}`];
  });
}

function warningsOf({ lease, report, spool }: AgentStatus): string[] {
  const warnings = [...lease.warnings];
  const { failure, failedRevision = 0, services = [] } = report;
  if (Number(failedRevision) > 0 && failure)
    warnings.push(
      `revision ${failedRevision} failed at ${failure.service}/${failure.step}: ${failure.message}`,
    );
  for (const { service, health, detail = '' } of services)
    if (health === 'unhealthy') warnings.push(`${service} is unhealthy${detail === '' ? '' : `: ${detail}`}`);
  const drifts = report.drifts?.found?.length ?? 0;
  if (drifts > 0)
    warnings.push(
      `${drifts} step${drifts === 1 ? ' in force no longer holds' : 's in force no longer hold'}: see shoal drift`,
    );
  if (spool?.hasRoom === false)
    warnings.push('the spool is full: logs are read no further until the controller takes some');
  return warnings;
}
