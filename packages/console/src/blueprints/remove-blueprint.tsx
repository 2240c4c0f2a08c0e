import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { navigate } from '../state/router.js';
import { Dialog } from '../ui/dialog.js';
import { ErrorNotice } from '../ui/notice.js';

/** Asks before an uploaded blueprint is forgotten. `name` with its version. */
export function RemoveBlueprint({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
  const { busy, error, run } = useAsking();
  const remove = () =>
    run(async () => {
      await call('blueprint.remove', { name });
      onClose();
      navigate('/blueprints');
    });
  return (
    <Dialog title={`Remove ${name}?`} onClose={onClose} closable={!busy}>
      <p>
        Specs can’t name it any more. Revisions that used it keep what they need, and can still be restored.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={() => void remove()} disabled={busy}>
          Remove
        </button>
      </div>
    </Dialog>
  );
}
