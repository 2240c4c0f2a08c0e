import type { ClockReading, Logger, TrustedLicenseKeys } from '@shoal/common';
import type { ClusterIdentity } from '../cluster/cluster-identity.js';
import type { ControllerConfig } from '../config.js';
import type { EventBus } from '../link/event-bus.js';
import type { Nodes } from '../link/nodes.js';
import type { Store } from '../store/store.js';
import { GrowthGate } from './growth-gate.js';
import { KeptClock } from './kept-clock.js';
import { Leases } from './leases.js';
import { LicenseKeeper } from './license-keeper.js';
import { Serials } from './serials.js';

/** What the license is looked after with. */
export interface ClusterLicenseComponents {
  readonly config: Pick<ControllerConfig, 'leaseTtlMs' | 'license'>;
  readonly trustedLicenseKeys: TrustedLicenseKeys;
  readonly readClock: () => ClockReading;
  readonly store: Store;
  readonly cluster: Pick<ClusterIdentity, 'id' | 'signingKey'>;
  readonly nodes: Pick<Nodes, 'places' | 'renewLeases'>;
  readonly events: Pick<EventBus, 'publish'>;
  readonly logger: Logger;
}

/** The license, what is granted by it, and how far the cluster may grow. */
export interface ClusterLicense {
  readonly license: LicenseKeeper;
  readonly leases: Leases;
  readonly growth: GrowthGate;
}

/** Looks at the licenses that there are, and goes on to. When what they grant changes, every node that is linked gets a lease at once. */
export async function openClusterLicense(parts: ClusterLicenseComponents): Promise<ClusterLicense> {
  const { config, store, cluster, nodes, events, logger } = parts;
  const clock = await KeptClock.open({ store, read: parts.readClock, logger });
  const license = await LicenseKeeper.open({
    store,
    clusterId: cluster.id,
    trust: parts.trustedLicenseKeys,
    ...(config.license === undefined ? {} : { file: config.license }),
    leaseTtlMs: config.leaseTtlMs,
    clock,
    places: () => nodes.places(),
    logger,
  });
  // On another host, or after a while off, the trusted time lags: what was granted after a backup was made is behind the wall clock's time.
  const now = (): number => Math.max(license.now(), clock.wall);
  const serials = await Serials.open({ store, now, logger });
  const leases = new Leases({
    clusterId: cluster.id,
    privateKeyPem: cluster.signingKey.privateKeyPem,
    standing: () => license.standing,
    ttlMs: config.leaseTtlMs,
    serial: () => serials.next(),
    now: () => license.now(),
  });
  const growth = new GrowthGate({
    limits: () => ({ name: license.name, ...license.standing.limits }),
    places: () => nodes.places(),
  });
  license.onChange(() => renewLeases({ leases, nodes, logger }, 0));
  license.onLicenseChange((change) =>
    events.publish({ type: 'license', ...change, license: license.view() }),
  );
  license.start();
  return { license, leases, growth };
}

/** Renews the leases of linked nodes that were granted longer ago than `olderMs`. What fails is logged, and due again at the next call. */
export function renewLeases(
  {
    leases,
    nodes,
    logger,
  }: { readonly leases: Leases; readonly nodes: Pick<Nodes, 'renewLeases'>; readonly logger: Logger },
  olderMs: number,
): void {
  let failed = 0;
  let last: unknown;
  nodes.renewLeases(olderMs, (session) => {
    try {
      session.lease(leases.grant(session.node));
      return true;
    } catch (error) {
      failed += 1;
      last = error;
      return false;
    }
  });
  if (failed > 0) logger.error({ err: last, nodes: failed }, 'leases not renewed');
}
