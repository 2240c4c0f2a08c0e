import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { navigate } from '../state/router.js';
import { Dialog } from './dialog.js';
import { ErrorNotice } from './notice.js';

/** Asks before a node is taken out of the cluster. */
export function RemoveNode({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
  const { busy, error, run } = useAsking();
  const remove = () =>
    run(async () => {
      await call('node.remove', { name });
      onClose();
      navigate('/nodes');
    });
  return (
    <Dialog title={`Remove ${name} from the cluster?`} onClose={onClose} closable={!busy}>
      <p>
        Its certificate is refused from now on, it leaves the gossip, and the gossip key that it knows is
        replaced. Its services are left running as they are. To come back it needs a new join token.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={() => void remove()} disabled={busy}>
          Remove {name}
        </button>
      </div>
    </Dialog>
  );
}
