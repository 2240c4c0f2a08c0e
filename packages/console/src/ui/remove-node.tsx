import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { navigate } from '../state/router.js';
import { RemovalDialog } from './removal-dialog.js';

/** Asks before a node is taken out of the cluster. */
export function RemoveNode({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
  const asking = useAsking();
  const remove = () =>
    asking.run(async () => {
      await call('node.remove', { name });
      onClose();
      navigate('/nodes');
    });
  return (
    <RemovalDialog
      title={`Remove ${name} from the cluster?`}
      action={`Remove ${name}`}
      asking={asking}
      remove={remove}
      onClose={onClose}
    >
      <p>
        Its certificate is refused from now on, it leaves the gossip, and the gossip key that it knows is
        replaced. Its services are left running as they are. To come back it needs a new join token.
      </p>
    </RemovalDialog>
  );
}
