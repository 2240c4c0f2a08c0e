import type { LicenseView } from '@shoal/common';
import { lengthOfTime } from '@shoal/common/time-left';
import type { JSX } from 'preact';
import { dayOf, isLapsed } from '../lib/license-words.js';
import { Time } from '../ui/text.js';

/** What counts now: the tier, by which license, and until when. */
export function AboutLicense({ license }: { license: LicenseView }): JSX.Element {
  const { tier, status, licenseId, customer, vendor, expiresAt, graceEndsAt, leaseMs, coveredUntil } =
    license;
  const words = standingWords(license);
  return (
    <>
      <p class={isLapsed(license) ? 'license-tier tone-bad' : 'license-tier'}>{tier}</p>
      {words !== '' && <p class="muted">{words}</p>}
      <dl class="facts">
        {licenseId !== null && (
          <>
            <Fact name={status === 'expired' ? 'last license' : 'license'} value={<code>{licenseId}</code>} />
            <Fact name="customer" value={customer ?? '–'} />
            <Fact name="vendor" value={vendor ?? '–'} />
            <Fact name="end" value={<DatedTime at={expiresAt} />} />
            <Fact name="end of its grace" value={<DatedTime at={graceEndsAt} />} />
            {coveredUntil !== null && coveredUntil !== expiresAt && (
              <Fact name="end of what follows" value={<DatedTime at={coveredUntil} />} />
            )}
          </>
        )}
        <Fact name="leases last" value={lengthOfTime(leaseMs)} />
      </dl>
    </>
  );
}

function standingWords({ status, next }: LicenseView): string {
  if (status === 'refused') return 'None of the licenses counts: the free tier does.';
  if (status === 'expired') return 'The license is over: the free tier counts.';
  if (status !== 'none') return '';
  return next.length === 0
    ? 'No license is installed: the free tier counts. It needs none, and has no end.'
    : 'No license counts yet: the free tier does.';
}

function Fact({ name, value }: { name: string; value: JSX.Element | string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A moment with its day. */
function DatedTime({ at }: { at: number | null }): JSX.Element {
  return (
    <>
      <Time at={at} />
      {at !== null && <span class="muted"> ({dayOf(at)})</span>}
    </>
  );
}
