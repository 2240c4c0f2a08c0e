import { createLogger, createSigningKey, type Lease, verifyDocument } from '@shoal/common';
import t from 'tap';
import { MemoryStore } from '../store/memory-store.js';
import { openClusterLicense } from './cluster-license.js';
import { hour, type World, world } from './license-world.test.support.js';

const signingKey = createSigningKey();
const logger = createLogger({ name: 'test', level: 'silent' });

/** The controller's part that grants leases, at a start on the world's host. Gives what grants one. */
async function granting(w: World, store = w.store): Promise<(node: string) => Lease> {
  const { license, leases } = await openClusterLicense({
    config: { leaseTtlMs: undefined },
    trustedLicenseKeys: w.vendor.trust,
    readClock: w.host.read,
    store,
    cluster: { id: 'c1', signingKey },
    nodes: { places: () => [], renewLeases: () => undefined },
    events: { publish: () => undefined },
    logger,
  });
  await license.stop();
  return (node) => {
    const { payload, signature } = leases.grant(node) as { payload: Buffer; signature: Buffer };
    return verifyDocument<Lease>({ payload, signature }, signingKey.publicKeyPem, 'lease');
  };
}

t.test('on another host a backup grants leases above those that were granted after it', async (t) => {
  const w = await world(t);
  await granting(w);
  const backup = new MemoryStore();
  for (const { key, value } of await w.store.list('', { limit: 1000 }))
    await backup.transact({ writes: [{ type: 'put', key, value }] });
  w.host.pass(6 * hour);
  const last = (await granting(w))('a').serial;
  w.host.pass(hour);
  w.host.bootId = 'another-host';
  w.host.bootTime = 5000;
  const lease = (await granting(w, backup))('a');
  t.ok(lease.issuedAt < w.host.wall - 6 * hour, 'its time lags, as it does after each long outage');
  t.ok(lease.serial > last, `${lease.serial} after ${last}`);
});
