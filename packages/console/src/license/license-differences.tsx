import type { LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { sentence } from '../lib/format.js';
import { licenseDifferences } from '../lib/license-words.js';
import { clock } from '../state/clock.js';
import { useStore } from '../state/store.js';
import { Message } from '../ui/message.js';
import { Notice } from '../ui/notice.js';

/** What installing a license would change: side by side, and what it warns of. */
export function LicenseDifferences({
  before,
  after,
}: {
  before: LicenseView;
  after: LicenseView;
}): JSX.Element {
  const now = useStore(clock);
  const rows = licenseDifferences(before, after, now);
  const isChanged = rows.some((row) => row.isChanged);
  const superseded = after.problems.filter(
    (problem) =>
      problem.reason === 'superseded' &&
      !before.problems.some(({ licenseId }) => licenseId === problem.licenseId) &&
      problem.licenseId !== before.licenseId,
  );
  const fresh = after.warnings
    .map(({ message }) => message)
    .filter((warning) => !before.warnings.some(({ message }) => message === warning));
  return (
    <>
      {!isChanged && <p role="status">Nothing would change.</p>}
      {superseded.map(({ licenseId, message }) => (
        <Notice key={licenseId} tone="warn" title="It would not count.">
          <p>
            <Message text={sentence(message)} />
          </p>
        </Notice>
      ))}
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
        <Notice key={warning} tone="warn" title={<Message text={sentence(warning)} />} />
      ))}
    </>
  );
}
