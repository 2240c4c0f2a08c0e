import { Gauge, type Registry } from 'prom-client';
import type { GrowthGate } from '../license/growth-gate.js';
import type { Leases } from '../license/leases.js';
import type { ControllerServices } from '../services.js';
import { addGauge, addTotal } from './metric-kinds.js';

/** What is measured of the license. */
export interface LicenseMetricsComponents {
  readonly services: Pick<ControllerServices, 'license' | 'nodes'>;
  readonly leases: Pick<Leases, 'granted'>;
  readonly growth: Pick<GrowthGate, 'refused'>;
}

const statuses = ['none', 'refused', 'active', 'expiring', 'grace', 'expired'];
const leaseStates = ['active', 'warning', 'expired', 'degraded', 'restored'];

/** Problems that call for nobody: a newer license counts, or the end was told by the status. */
const settled: readonly string[] = ['superseded', 'expired'];

/** How the license stands, what is used of it, and how its leases stand on the nodes. */
export function addLicenseMetrics(registry: Registry, components: LicenseMetricsComponents): void {
  const { services, leases, growth } = components;
  const registers = [registry];
  new Gauge({
    name: 'shoal_license_status',
    help: '1 for the status that the license has.',
    labelNames: ['status', 'tier'],
    registers,
    collect() {
      // Another tier leaves no series behind.
      this.reset();
      const { status: present, tier } = services.license.view();
      for (const status of statuses) this.set({ status, tier }, status === present ? 1 : 0);
    },
  });
  addGauge(
    registry,
    'shoal_license_expires_seconds',
    'End of the license, seconds since the epoch; 0: there is none.',
    () => (services.license.view().expiresAt ?? 0) / 1000,
  );
  addGauge(
    registry,
    'shoal_license_grace_ends_seconds',
    'End of its grace, seconds since the epoch: then the free tier counts; 0: there is no license.',
    () => (services.license.view().graceEndsAt ?? 0) / 1000,
  );
  addGauge(
    registry,
    'shoal_license_covered_until_seconds',
    'End of the last license that counts without a gap from now on, seconds since the epoch; 0: none counts.',
    () => (services.license.view().coveredUntil ?? 0) / 1000,
  );
  const addUse = (name: string, help: string, what: 'limit' | 'used'): void => {
    new Gauge({
      name,
      help,
      labelNames: ['what'],
      registers,
      collect() {
        const { sites, nodes } = services.license.view().limits;
        for (const [label, use] of [['sites', sites] as const, ['nodes', nodes] as const])
          this.set({ what: label }, use[what] ?? Number.POSITIVE_INFINITY);
      },
    });
  };
  addUse('shoal_license_limit', 'How many sites and nodes the license allows; +Inf: any number.', 'limit');
  addUse('shoal_license_used', 'How many sites and nodes there are.', 'used');
  addGauge(
    registry,
    'shoal_license_problems',
    'Licenses that do not count, but for those that are over or have a successor.',
    () => services.license.view().problems.filter(({ reason }) => !settled.includes(reason)).length,
  );
  addGauge(
    registry,
    'shoal_license_warnings',
    'What an operator should do something about: shoal license show.',
    () => services.license.view().warnings.length,
  );
  addLeaseMetrics(registry, components);
  addTotal(registry, 'shoal_leases_granted_total', 'Leases granted since the start.', () => leases.granted);
  addTotal(
    registry,
    'shoal_growth_refused_total',
    'Times that the license had no room for a node or its site since the start.',
    () => growth.refused,
  );
}

function addLeaseMetrics(registry: Registry, { services }: Pick<LicenseMetricsComponents, 'services'>): void {
  new Gauge({
    name: 'shoal_node_leases',
    help: 'Nodes by the state of their lease, as they last said.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const nodes = services.nodes.list();
      for (const state of leaseStates)
        this.set({ state }, nodes.filter(({ lease }) => lease?.state === state).length);
    },
  });
}
