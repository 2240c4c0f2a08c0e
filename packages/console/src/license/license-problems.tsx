import type { LicenseProblemView } from '@shoal/common';
import type { JSX } from 'preact';
import { capitalized, sentence } from '../lib/format.js';
import { dayOf } from '../lib/license-words.js';
import { Message } from '../ui/message.js';
import { Section } from '../ui/page.js';
import { Badge, type Look, look } from '../ui/status.js';

const wrong = (word: string): Look => look('bad', 'cross', word, 'It doesn’t count');

const reasons: Readonly<Record<LicenseProblemView['reason'], Look>> = {
  'not-a-license': wrong('not a license'),
  truncated: wrong('truncated'),
  algorithm: wrong('wrong algorithm'),
  'key-unknown': wrong('unknown key'),
  'key-revoked': wrong('revoked key'),
  signature: wrong('wrong signature'),
  content: wrong('wrong content'),
  'other-cluster': wrong('another cluster’s'),
  'not-yet-valid': look('warn', 'behind', 'not valid yet', 'It doesn’t count yet'),
  expired: wrong('expired'),
  'clock-doubtful': wrong('clock doubtful'),
  unreadable: wrong('unreadable'),
  superseded: look('quiet', 'minus', 'superseded', 'It is valid, and another one counts'),
};

/** What a hint says of removing the license, where a button does it. */
const removal = /[.;]?[^.;]*: shoal license rm \S+$/;

interface LicenseProblemsProps {
  readonly problems: readonly LicenseProblemView[];
  /** Asks to remove an installed one; left out: nobody may. */
  readonly onRemove?: (licenseId: string) => void;
}

/** Licenses that are there and don't count, each with why and what to do. */
export function LicenseProblems({ problems, onRemove }: LicenseProblemsProps): JSX.Element | null {
  if (problems.length === 0) return null;
  return (
    <Section title="Licenses that don’t count">
      <ul class="license-problems">
        {problems.map((problem) => {
          const { source, licenseId, known, reason, message, hint } = problem;
          const isRemovable = onRemove !== undefined && source === 'installed' && licenseId !== null;
          const shownHint = isRemovable ? hint.replace(removal, '') : hint;
          return (
            <li key={`${source}${licenseId}${message}`}>
              <div class="panel-head">
                <strong>{licenseId ?? 'unknown license'}</strong>
                <Badge shown={reasons[reason]} />
                <span class="muted">{source === 'installed' ? 'installed' : `from ${source}`}</span>
                {isRemovable && (
                  <button type="button" class="button small quiet" onClick={() => onRemove(licenseId)}>
                    Remove<span class="visually-hidden"> {licenseId}</span> …
                  </button>
                )}
              </div>
              {known !== null && (
                <p class="muted">
                  {licenseId === null && `last known as ${known.licenseId}: `}
                  {known.tier}, for {known.customer}, until {dayOf(known.expiresAt)}
                </p>
              )}
              <p>
                <Message text={sentence(message)} />
              </p>
              {shownHint !== '' && (
                <p class="hint">
                  <Message text={capitalized(shownHint)} />
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
