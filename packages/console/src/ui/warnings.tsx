import type { JSX } from 'preact';
import { count, sentence } from '../lib/format.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Icon } from './icon.js';
import { Message } from './message.js';

/** What the controller warns of, on every page: one line, all of it on demand. */
export function Warnings(): JSX.Element | null {
  const status = useStore(cluster, (state) => state.status);
  // Those of the license have a banner of their own.
  const warnings =
    status?.warnings.filter(
      (warning) => !status.license.warnings.some(({ message }) => message === warning),
    ) ?? [];
  const [first] = warnings;
  if (first === undefined) return null;
  return (
    <section class="warnings tone-warn" aria-label="Warnings">
      <details>
        <summary>
          <Icon name="alert" />
          <strong>{count(warnings.length, 'warning')}</strong>
          <span class="warnings-first">{sentence(first)}</span>
          <Icon name="chevron" class="warnings-more" />
        </summary>
        <ul>
          {warnings.map((warning) => (
            <li key={warning}>
              <Message text={sentence(warning)} />
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}
