import type { LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { count, sentence } from '../lib/format.js';
import { isOfProblem } from '../lib/license-words.js';
import { Message } from '../ui/message.js';
import { Notice } from '../ui/notice.js';

/** What somebody should do something about; of a license that doesn't count the list of those tells. */
export function LicenseWarnings({ license }: { license: LicenseView }): JSX.Element | null {
  const warnings = license.warnings.filter((warning) => !isOfProblem(warning, license.problems));
  const tone = warnings.some(({ severity }) => severity === 'critical') ? 'bad' : 'warn';
  const [first, ...more] = warnings.map(({ message }) => sentence(message));
  if (first === undefined) return null;
  if (more.length === 0) return <Notice tone={tone} title={<Message text={first} />} />;
  return (
    <Notice tone={tone} title={count(warnings.length, 'warning')}>
      <ul class="problems">
        {[first, ...more].map((warning) => (
          <li key={warning}>
            <Message text={warning} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}
