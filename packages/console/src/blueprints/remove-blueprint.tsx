import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { navigate } from '../state/router.js';
import { RemovalDialog } from '../ui/removal-dialog.js';

/** Asks before an uploaded blueprint is forgotten. `name` with its version. */
export function RemoveBlueprint({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
  const asking = useAsking();
  const remove = () =>
    asking.run(async () => {
      await call('blueprint.remove', { name });
      onClose();
      navigate('/blueprints');
    });
  return (
    <RemovalDialog title={`Remove ${name}?`} asking={asking} remove={remove} onClose={onClose}>
      <p>
        Specs can’t name it any more. Revisions that used it keep what they need, and can still be restored.
      </p>
    </RemovalDialog>
  );
}
