import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Icon } from './icon.js';
import { Time } from './text.js';

/** A connection that comes back at once isn't worth a banner. */
const patienceMs = 1_500;

/** Says that what is shown isn't live any more, since when, and that it is tried again. */
export function ConnectionBanner(): JSX.Element {
  const connection = useStore(cluster, (state) => state.connection);
  const lost = connection.kind === 'lost';
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!lost) return setShown(false);
    const timer = setTimeout(() => setShown(true), patienceMs);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status">
      {shown && connection.kind === 'lost' && (
        <div class="banner tone-bad">
          <Icon name="unlink" />
          <span>
            <strong>Disconnected from the controller.</strong> What you see is from{' '}
            <Time at={connection.since} />. Services on the nodes go on. Connecting again …
          </span>
        </div>
      )}
    </div>
  );
}
