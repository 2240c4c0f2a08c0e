import type { LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { RemovalDialog } from '../ui/removal-dialog.js';

interface RemoveLicenseProps {
  readonly license: LicenseView;
  readonly id: string;
  readonly onClose: (after?: LicenseView) => void;
}

/** Asks before an installed license is taken away. */
export function RemoveLicense({ license, id, onClose }: RemoveLicenseProps): JSX.Element {
  const asking = useAsking();
  const remove = () => asking.run(async () => onClose(await call('license.remove', { id })));
  return (
    <RemovalDialog
      title={`Remove the license ${id}?`}
      asking={asking}
      remove={remove}
      onClose={() => onClose()}
    >
      {license.licenseId === id ? (
        <p>
          Then the next valid license counts, or the free tier: nodes get leases with its limits at once. What
          runs goes on; nothing can be added beyond them.
        </p>
      ) : (
        <p>
          {license.next.some(({ licenseId }) => licenseId === id)
            ? 'It doesn’t count yet: nothing changes now, and it won’t take over.'
            : 'It doesn’t count now: nothing changes.'}
        </p>
      )}
    </RemovalDialog>
  );
}
