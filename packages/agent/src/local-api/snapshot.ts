import type { GossipStats } from '@shoal/gossip';
import type { MetricsSnapshot } from './metrics-server.js';
import type { AgentStatus } from './status.js';

/** In the order of their numbers in the metric. */
const leaseStates: readonly string[] = ['active', 'restored', 'warning', 'expired', 'degraded'];

/** What the agent's metrics are worked out from. */
export interface SnapshotSources {
  readonly status: AgentStatus;
  readonly gossip: GossipStats | undefined;
  readonly sample: Readonly<Record<string, number>>;
}

/** The agent's figures for Prometheus. */
export function metricsSnapshot({ status, gossip, sample }: SnapshotSources): MetricsSnapshot {
  const { report, spool, cluster, lease } = status;
  const { user, system } = process.cpuUsage();
  const unhealthy = (report.services ?? []).filter(({ health }) => health === 'unhealthy').length;
  return {
    counters: {
      cpu_seconds_total: ['CPU time of the agent', (user + system) / 1e6],
      requests_refused_total: [
        "Requests that services refused for the lease's limit, by their access logs",
        status.requestsRefused,
      ],
      ...gossipCounters(gossip),
    },
    gauges: {
      resident_memory_bytes: ['Memory of the agent', process.memoryUsage.rss()],
      start_time_seconds: ['Start of the agent, seconds since the epoch', status.startedAt / 1000],
      link_up: ['1: the link to the controller stands', cluster?.link === 'connected' ? 1 : 0],
      certificate_expiry_seconds: [
        'End of the certificate, seconds since the epoch; 0: none',
        (cluster?.certificateExpiresAt ?? 0) / 1000,
      ],
      ...leaseGauges(lease),
      running_revision: ['Revision in force on this host; 0: none', Number(report.runningRevision ?? 0)],
      failed_revision: ['Revision that failed here last; 0: none', Number(report.failedRevision ?? 0)],
      services: ['Services in force', (report.services ?? []).length],
      services_unhealthy: ['Services whose health check fails', unhealthy],
      drifts: ['Steps in force that no longer hold', report.drifts?.found?.length ?? 0],
      spool_bytes: ['Bytes of log lines on disk', spool?.bytes ?? 0],
      spool_waiting_lines: ['Log lines that the controller does not hold yet', spool?.waiting ?? 0],
      spool_full: ['1: the spool takes nothing in', spool?.hasRoom === false ? 1 : 0],
      gossip_health_score: ['Local health of the gossip: 0 healthy, 7 worst', gossip?.healthScore ?? 0],
      ...memberGauges(gossip),
    },
    sample,
  };
}

function leaseGauges({
  state,
  expiresAt,
  graceEndsAt,
  trustedTime,
  clockAheadMs,
  limits,
}: AgentStatus['lease']): MetricsSnapshot['gauges'] {
  return {
    lease_state: [
      'How the lease stands: 0 active, 1 restored, 2 warning, 3 expired (within its grace), 4 degraded (free tier, out of the gossip)',
      leaseStates.indexOf(state),
    ],
    lease_expiry_seconds: [
      'End of the lease, seconds since the epoch, as this node counts it; 0: none',
      (expiresAt ?? 0) / 1000,
    ],
    lease_remaining_seconds: [
      'Time until what the lease grants ends, its grace included; 0: it has',
      Math.max(0, (graceEndsAt ?? trustedTime) - trustedTime) / 1000,
    ],
    lease_requests_per_second: [
      'Limit of requests per second and service; 0: none',
      limits['requestsPerSecond'] ?? 0,
    ],
    lease_clock_ahead_seconds: [
      "How far this host's clock is ahead of the time that leases are counted by; below 0: behind",
      clockAheadMs / 1000,
    ],
  };
}

/** What the gossip refused tells of a wrong key, another cluster on the same network, or an attack. */
function gossipCounters(gossip: GossipStats | undefined): MetricsSnapshot['counters'] {
  return {
    gossip_packets_refused_total: [
      'Datagrams dropped for their encryption or label',
      gossip?.traffic.packetsRefused ?? 0,
    ],
    gossip_streams_refused_total: [
      'Streams dropped: unreadable, too many or too slow',
      gossip?.traffic.streamsRefused ?? 0,
    ],
    gossip_malformed_total: ['Messages that could not be understood', gossip?.protocol.malformed ?? 0],
  };
}

function memberGauges(gossip: GossipStats | undefined): MetricsSnapshot['gauges'] {
  return Object.fromEntries(
    Object.entries(gossip?.members ?? {}).map(([state, count]) => [
      `gossip_members_${state}`,
      [`Members of the gossip that are ${state}`, count] as const,
    ]),
  );
}
