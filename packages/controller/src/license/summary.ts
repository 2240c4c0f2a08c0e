import type { License, LicenseSummaryView } from '@shoal/common';

/** A license in short: what is shown of it, and kept to recognize it by. */
export function summaryOf({
  id,
  customer,
  vendor,
  tier,
  notBefore,
  expiresAt,
  graceMs,
}: License): LicenseSummaryView {
  return { licenseId: id, customer, vendor, tier, notBefore, expiresAt, graceEndsAt: expiresAt + graceMs };
}
