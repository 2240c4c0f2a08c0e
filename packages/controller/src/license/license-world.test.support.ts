import { type ClockReading, createLogger, type LicenseChange } from '@shoal/common';
import { type TestLicense, TestVendor } from '@shoal/common/testing';
import type { Test } from 'tap';
import type { Actor } from '../services.js';
import type { NodePlace } from '../spec/manifests.js';
import { MemoryStore } from '../store/memory-store.js';
import { KeptClock } from './kept-clock.js';
import { LicenseKeeper } from './license-keeper.js';

export const day = 86_400_000;
export const hour = 3_600_000;
/** When the vendor's and the cluster's time begins. */
export const start: number = Date.parse('2026-03-01T00:00:00Z');
export const ann: Actor = { name: 'ann', role: 'admin', door: 'grpc' };

/** A host whose clocks the test sets. */
class Host {
  wall: number = start;
  bootTime: number = 1000;
  bootId = 'boot-1';
  readonly read = (): ClockReading => ({ wall: this.wall, bootId: this.bootId, bootTime: this.bootTime });
  pass(ms: number): void {
    this.wall += ms;
    this.bootTime += ms;
  }
}

/** What keepers of licenses are tried with. */
export interface World {
  readonly store: MemoryStore;
  readonly host: Host;
  readonly vendor: TestVendor;
  readonly log: string[];
  /** What the keepers told of licenses. */
  readonly changes: LicenseChange[];
  readonly places: NodePlace[];
  /** A license's text, as `TestVendor` has it, by the host's time. */
  issue(license?: TestLicense): Promise<string>;
  /** A controller's start, with a license file, a build's keys, another cluster's id. */
  open(file?: string, trust?: TestVendor['trust'], clusterId?: string): Promise<LicenseKeeper>;
}

/** A cluster c1 without licenses. */
export async function world(t: Test): Promise<World> {
  const host = new Host();
  const vendor = await TestVendor.create(() => host.wall);
  const store = new MemoryStore();
  const log: string[] = [];
  const changes: LicenseChange[] = [];
  const places: NodePlace[] = [];
  const logger = createLogger({
    name: 'test',
    level: 'info',
    destination: { write: (line) => log.push(line) },
  });
  return {
    store,
    host,
    vendor,
    log,
    changes,
    places,
    issue: (license) => vendor.issue({ id: 'L-1', ...license }),
    async open(file, trust = vendor.trust, clusterId = 'c1') {
      const clock = await KeptClock.open({ store, read: host.read, logger });
      const keeper = await LicenseKeeper.open({
        ...{ store, clusterId, trust, clock, logger },
        ...(file === undefined ? {} : { file }),
        leaseTtlMs: undefined,
        places: () => places,
      });
      keeper.onLicenseChange((change) => changes.push(change));
      t.teardown(() => keeper.stop());
      return keeper;
    },
  };
}
