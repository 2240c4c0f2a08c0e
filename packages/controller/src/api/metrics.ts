import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Membership } from '../cluster/membership.js';
import type { GrowthGate } from '../license/growth-gate.js';
import type { Leases } from '../license/leases.js';
import type { Nodes } from '../link/nodes.js';
import type { OperationObservation } from '../operations/dispatcher.js';
import type { ControllerServices } from '../services.js';
import type { OfferCount } from '../spec/offered-document.js';
import type { Store } from '../store/store.js';
import type { OpenLogStorage } from '../telemetry/log-storage.js';
import type { OpenStatStorage } from '../telemetry/stat-storage.js';
import { addLicenseMetrics } from './license-metrics.js';
import { addGauge, addTotal } from './metric-kinds.js';

/** What is measured. */
export interface MetricsComponents {
  readonly services: ControllerServices;
  readonly store: Store;
  readonly nodes: { readonly offers: Pick<Nodes['offers'], 'counts'> };
  readonly leases: Pick<Leases, 'granted'>;
  readonly growth: Pick<GrowthGate, 'refused'>;
  readonly membership: Pick<Membership, 'stats'>;
  readonly logs: Pick<OpenLogStorage, 'counts' | 'bytes'>;
  readonly stats: Pick<OpenStatStorage, 'samples' | 'bytes'>;
}

/** The controller's metrics, for Prometheus. docs/metrics.md lists them. */
export interface Metrics {
  readonly registry: Registry;
  observeOperation(observation: OperationObservation): void;
  observeHttp(method: string, route: string, status: number, seconds: number): void;
  /** Sets who tells how many event streams stand. */
  countStreams(count: () => number): void;
}

const nodeStatuses = [
  'ok',
  'converging',
  'failed',
  'unhealthy',
  'behind',
  'drifted',
  'unreachable',
  'down',
  'new',
];
const rolloutStatuses = ['running', 'succeeded', 'failed', 'superseded'];
const seconds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

function addCounts(
  registry: Registry,
  name: string,
  help: string,
  statuses: readonly string[],
  read: () => Promise<readonly { readonly status: string }[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const found = await read();
      for (const status of statuses) {
        this.set({ status }, found.filter((item) => item.status === status).length);
      }
    },
  });
}

/** What the gossip refused tells of a wrong key, another cluster on the same network, or an attack. */
function addGossipMetrics(registry: Registry, { membership }: MetricsComponents): void {
  addTotal(
    registry,
    'shoal_gossip_packets_refused_total',
    'Datagrams dropped for their encryption or label.',
    () => membership.stats()?.traffic.packetsRefused ?? 0,
  );
  addTotal(
    registry,
    'shoal_gossip_streams_refused_total',
    'Streams dropped: unreadable, too many or too slow.',
    () => membership.stats()?.traffic.streamsRefused ?? 0,
  );
  addTotal(
    registry,
    'shoal_gossip_malformed_total',
    'Messages that could not be understood.',
    () => membership.stats()?.protocol.malformed ?? 0,
  );
}

/** By fingerprint nothing: a key that comes and goes would leave a series each time. */
function addGossipKeyMetrics(registry: Registry, { services }: MetricsComponents): void {
  const rotation = () => services.gossipKeys.view().rotation;
  const primary = () => services.gossipKeys.view().keys.find(({ state }) => state === 'primary');
  addGauge(
    registry,
    'shoal_gossip_key_created_timestamp_seconds',
    'When the primary gossip key was made; 0: the gossip is not encrypted.',
    () => (primary()?.createdAt ?? 0) / 1000,
  );
  addGauge(
    registry,
    'shoal_gossip_key_members',
    'Members that encrypt with the primary gossip key.',
    () => primary()?.usedBy ?? 0,
  );
  addGauge(
    registry,
    'shoal_gossip_key_rotations',
    'Rotations of the gossip key so far.',
    () => rotation()?.id ?? 0,
  );
  addGauge(
    registry,
    'shoal_gossip_key_waiting_for',
    'Members that the running rotation of the gossip key waits for; 0: none, or none runs.',
    () => {
      const running = rotation();
      return running === null || running.endedAt !== null ? 0 : running.members - running.ready;
    },
  );
}

function addClusterMetrics(registry: Registry, { services, store, logs, stats }: MetricsComponents): void {
  addCounts(registry, 'shoal_nodes', 'Nodes by status.', nodeStatuses, async () => services.nodes.list());
  addCounts(registry, 'shoal_rollouts', 'The newest 100 rollouts by status.', rolloutStatuses, () =>
    services.rollouts.list(100),
  );
  addGauge(
    registry,
    'shoal_links',
    'Agents whose link stands.',
    () => services.nodes.list().filter(({ connected }) => connected).length,
  );
  new Gauge({
    name: 'shoal_node_drifts',
    help: 'Steps that no longer hold on nodes, by what is done about them.',
    labelNames: ['node', 'state'],
    registers: [registry],
    collect() {
      // A node that is gone, or whole again, leaves no series behind.
      this.reset();
      for (const { node, state } of services.drifts.list()) this.inc({ node, state });
    },
  });
  addGauge(registry, 'shoal_store_revision', 'Revision of the newest transaction.', () => store.revision());
  addTotal(registry, 'shoal_log_lines_total', 'Log lines kept since the start.', () => logs.counts.lines);
  addTotal(
    registry,
    'shoal_log_duplicates_total',
    'Log lines that came again and were dropped.',
    () => logs.counts.duplicates,
  );
  addTotal(registry, 'shoal_stat_samples_total', 'Samples kept since the start.', () => stats.samples);
  addGauge(registry, 'shoal_log_storage_bytes', 'Size of the log storage.', () => logs.bytes);
  addGauge(registry, 'shoal_stat_storage_bytes', 'Size of the stat storage.', () => stats.bytes);
}

function addOfferMetrics(registry: Registry, { nodes }: MetricsComponents): void {
  const add = (name: string, help: string, what: keyof OfferCount): void => {
    new Counter({
      name,
      help,
      labelNames: ['kind'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [kind, count] of Object.entries(nodes.offers.counts)) this.inc({ kind }, count[what]);
      },
    });
  };
  add('shoal_offers_total', 'Manifests offered to nodes: full, or by their delta.', 'offers');
  add('shoal_offer_bytes_total', 'Bytes of the signed manifests that were offered, as sent.', 'bytes');
}

export function createMetrics(components: MetricsComponents): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addClusterMetrics(registry, components);
  addGossipMetrics(registry, components);
  addOfferMetrics(registry, components);
  addGossipKeyMetrics(registry, components);
  addLicenseMetrics(registry, components);
  let streams = () => 0;
  addGauge(registry, 'shoal_event_streams', 'Server-sent event streams that stand.', () => streams());
  const registers = [registry];
  const calls = new Counter({
    name: 'shoal_operations_total',
    help: 'Finished operations by door and code.',
    labelNames: ['operation', 'door', 'code'],
    registers,
  });
  const callSeconds = new Histogram({
    name: 'shoal_operation_seconds',
    help: 'Duration of operations that answer once.',
    labelNames: ['operation', 'door'],
    buckets: seconds,
    registers,
  });
  const requests = new Counter({
    name: 'shoal_http_requests_total',
    help: 'HTTP requests by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'shoal_http_request_seconds',
    help: 'Duration of HTTP requests.',
    labelNames: ['method', 'route'],
    buckets: seconds,
    registers,
  });
  return {
    registry,
    observeOperation({ operation, door, code, seconds: took, stream }) {
      calls.inc({ operation, door, code });
      if (!stream) callSeconds.observe({ operation, door }, took);
    },
    observeHttp(method, route, status, took) {
      requests.inc({ method, route, status: String(status) });
      requestSeconds.observe({ method, route }, took);
    },
    countStreams(count) {
      streams = count;
    },
  };
}
