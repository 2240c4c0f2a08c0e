import type { LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { Dialog } from '../ui/dialog.js';
import { ErrorNotice } from '../ui/notice.js';

interface RemoveLicenseProps {
  readonly license: LicenseView;
  readonly id: string;
  readonly onClose: (after?: LicenseView) => void;
}

/** Asks before an installed license is taken away. */
export function RemoveLicense({ license, id, onClose }: RemoveLicenseProps): JSX.Element {
  const { busy, error, run } = useAsking();
  const remove = () => run(async () => onClose(await call('license.remove', { id })));
  return (
    <Dialog title={`Remove the license ${id}?`} onClose={() => onClose()} closable={!busy}>
      {license.licenseId === id ? (
        <p>
          Then the next valid license counts, or the free tier: nodes get leases with its limits at once. What
          runs goes on; nothing can be added beyond them.
        </p>
      ) : (
        <p>It doesn’t count now: nothing changes.</p>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => onClose()} disabled={busy}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={() => void remove()} disabled={busy}>
          Remove
        </button>
      </div>
    </Dialog>
  );
}
