import { randomUUID } from 'node:crypto';
import { issueLicense } from '../license/issue-license.js';
import type { License } from '../license/license.js';
import { defaultWarnDays } from '../license/license-claims.js';
import { createLicenseKey, type LicenseKey } from '../license/license-key.js';
import { builtInTiers } from '../license/tiers.js';
import type { TrustedLicenseKeys } from '../license/trusted-license-keys.js';

const dayMs = 86_400_000;

/** Fields of a license; `tier` alone brings the limits of the built-in tier. */
export type TestLicense = Partial<Omit<License, 'keyId'>>;

/** A vendor for tests and benches, with a key of its own: what goes beyond the free tier needs a license, and `trust` makes a controller believe it. */
export class TestVendor {
  readonly #key: LicenseKey;
  readonly #now: () => number;

  constructor(key: LicenseKey, now: () => number = Date.now) {
    this.#key = key;
    this.#now = now;
  }

  /** With a new key. `now`: ms since the epoch. */
  static async create(now?: () => number): Promise<TestVendor> {
    return new TestVendor(await createLicenseKey(), now);
  }

  get key(): LicenseKey {
    return this.#key;
  }

  /** What a build has that trusts this vendor. */
  get trust(): TrustedLicenseKeys {
    const { kid, publicKey } = this.#key;
    return {
      keys: [{ kid, publicKey, vendor: 'Test vendor', addedAt: '2026-01-01T00:00:00Z' }],
      revoked: [],
    };
  }

  /** A license's text. Default: enterprise, for any cluster, for a year, with leases of 7 days and 14 days of grace. */
  issue(license: TestLicense = {}): Promise<string> {
    const { tier = 'enterprise' } = license;
    const now = Math.floor(this.#now() / 1000) * 1000;
    const limits = builtInTiers[tier] ?? { sites: null, nodes: null, features: [], service: {} };
    return issueLicense(
      {
        id: randomUUID(),
        vendor: 'Test vendor',
        customer: 'Test customer',
        cluster: 'any',
        tier,
        limits,
        issuedAt: now,
        notBefore: now,
        expiresAt: now + 365 * dayMs,
        graceMs: 14 * dayMs,
        leaseMs: 7 * dayMs,
        warnDays: defaultWarnDays,
        ...license,
      },
      this.#key,
    );
  }
}
