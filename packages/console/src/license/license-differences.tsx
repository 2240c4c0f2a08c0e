import type { InstalledLicenseView, LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { sentence } from '../lib/format.js';
import { licenseDifferences, onceCounting } from '../lib/license-words.js';
import { clock } from '../state/clock.js';
import { useStore } from '../state/store.js';
import { Message } from '../ui/message.js';
import { Notice } from '../ui/notice.js';

const tones = { now: 'good', later: 'busy', never: 'warn' } as const;

/** What becomes of a license that is installed, what it changes once it counts, side by side, and what it warns of. */
export function LicenseDifferences({
  before,
  after,
}: {
  before: LicenseView;
  after: InstalledLicenseView;
}): JSX.Element {
  const now = useStore(clock);
  const { outcome } = after;
  const tone = tones[outcome.counts];
  if (outcome.counts === 'never') {
    return (
      <Notice tone={tone} title={sentence(outcome.message)}>
        <p>Installing it would change nothing, now or later, as long as the others are there.</p>
      </Notice>
    );
  }
  const successor = after.next.find(({ licenseId }) => licenseId === outcome.licenseId);
  const then = successor === undefined ? after : onceCounting(before, successor);
  const rows = licenseDifferences(before, then, now);
  const fresh = after.warnings
    .map(({ message }) => message)
    .filter((warning) => !before.warnings.some(({ message }) => message === warning));
  return (
    <>
      <Notice tone={tone} title={sentence(outcome.message)} />
      {!rows.some(({ isChanged }) => isChanged) && <p role="status">Nothing would change.</p>}
      <table class="license-differences">
        <caption class="visually-hidden">What the license would change</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">Now</th>
            <th scope="col">Then</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.what} class={row.isChanged ? 'is-changed' : ''}>
              <th scope="row">{row.what}</th>
              <td>{row.before}</td>
              <td>{row.isChanged ? <strong>{row.after}</strong> : row.after}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {fresh.map((warning) => (
        <Notice key={warning} tone="warn" title={<Message text={sentence(warning)} plain />} />
      ))}
    </>
  );
}
