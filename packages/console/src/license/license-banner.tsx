import type { LicenseView } from '@shoal/common';
import { listed } from '@shoal/common/words';
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { sentence } from '../lib/format.js';
import { leaseTroubles } from '../lib/license-words.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Icon } from '../ui/icon.js';
import { Link } from '../ui/link.js';
import { Message } from '../ui/message.js';
import { Time } from '../ui/text.js';

/** What is put away stays away for the session: of this tab, until something else is to be said. */
const storageKey = 'shoal.license-warning';

/** What the license or the nodes' leases ask for, on every page but the license's own. A mere warning can be put away. */
export function LicenseBanner({ path }: { path: string }): JSX.Element | null {
  const license = useStore(cluster, (state) => state.status?.license);
  const nodes = useStore(cluster, (state) => state.nodes);
  const [put, setPut] = useState(() => sessionStorage.getItem(storageKey));
  if (license === undefined || path === '/license') return null;
  const troubles = leaseTroubles(nodes.values());
  const isOver = license.status === 'grace' || license.status === 'expired';
  const [first] = license.warnings;
  if (!isOver && troubles.length === 0 && first === undefined) return null;
  const isBad = isOver || troubles.length > 0 || first?.severity === 'critical';
  // The days that are left don't make another warning of it.
  const said = license.warnings.map(({ message }) => message.replaceAll(/\d+/g, ''));
  const key = [license.licenseId, license.status, ...said].join('\n');
  if (!isBad && put === key) return null;
  const dismiss = () => {
    sessionStorage.setItem(storageKey, key);
    setPut(key);
  };
  return (
    <section class={`banner tone-${isBad ? 'bad' : 'warn'}`} aria-label="License">
      <Icon name="alert" />
      <span class="banner-text">
        {troubles.map(({ state, nodes: named }) => (
          <span key={state}>
            <strong>
              {named.length === 1 ? 'The lease of ' : 'The leases of '}
              {listed(named, 3)} {named.length === 1 ? 'has' : 'have'} ended
            </strong>
            {state === 'degraded'
              ? ': services go on within the free limits, out of the gossip. '
              : ': it is kept for a while. '}
          </span>
        ))}
        {isOver ? (
          <Over license={license} />
        ) : (
          first !== undefined && <Message text={sentence(first.message)} />
        )}{' '}
        <Link to="/license">License</Link>
      </span>
      {!isBad && (
        <button type="button" class="button small quiet square" onClick={dismiss} aria-label="Put it away">
          <Icon name="cross" />
        </button>
      )}
    </section>
  );
}

function Over({ license }: { license: LicenseView }): ComponentChildren {
  const { status, licenseId, expiresAt, graceEndsAt, tier, next } = license;
  const [successor] = next;
  const then =
    successor === undefined ? (
      <Message text="Install its successor: shoal license install FILE." />
    ) : (
      <>
        {successor.licenseId} counts <Time at={successor.countsFrom} />.
      </>
    );
  return status === 'grace' ? (
    <>
      <strong>
        The license {licenseId} ended <Time at={expiresAt} />.
      </strong>{' '}
      The tier {tier} counts until its grace ends <Time at={graceEndsAt} />. {then}
    </>
  ) : (
    <>
      <strong>
        The license {licenseId} ended <Time at={expiresAt} />: the free tier counts.
      </strong>{' '}
      What runs goes on within its limits. {then}
    </>
  );
}
