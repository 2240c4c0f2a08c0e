import type { LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { count, sentence } from '../lib/format.js';
import { dayOf, featureWords, serviceLimitWords } from '../lib/license-words.js';
import { Message } from '../ui/message.js';
import { Section } from '../ui/page.js';
import { Badge, look } from '../ui/status.js';

const toCome = look('busy', 'behind', 'to come', 'It counts later, by itself');

interface NextLicensesProps {
  readonly next: LicenseView['next'];
  /** Asks to remove an installed one; left out: nobody may. */
  readonly onRemove?: (licenseId: string) => void;
}

/** Licenses that count later, in that order: from when on, and what they allow. */
export function NextLicenses({ next, onRemove }: NextLicensesProps): JSX.Element | null {
  if (next.length === 0) return null;
  return (
    <Section title="What counts next">
      <ul class="license-problems">
        {next.map(({ source, licenseId, tier, customer, expiresAt, limits, message }) => (
          <li key={licenseId}>
            <div class="panel-head">
              <strong>{licenseId}</strong>
              <Badge shown={toCome} />
              <span class="muted">{source === 'installed' ? 'installed' : `from ${source}`}</span>
              {onRemove !== undefined && source === 'installed' && (
                <button type="button" class="button small quiet" onClick={() => onRemove(licenseId)}>
                  Remove<span class="visually-hidden"> {licenseId}</span> …
                </button>
              )}
            </div>
            <p>
              <Message text={sentence(message)} />
            </p>
            <p class="muted">
              {tier}, for {customer}, until {dayOf(expiresAt)}: {allowed(limits.sites, 'site')},{' '}
              {allowed(limits.nodes, 'node')}; features: {featureWords(limits.features)}; each service, per
              node: {serviceLimitWords(limits.service)}
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function allowed(limit: number | null, what: string): string {
  return limit === null ? `any number of ${what}s` : count(limit, what);
}
