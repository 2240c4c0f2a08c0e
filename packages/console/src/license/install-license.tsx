import type { InstalledLicenseView, LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { Dialog } from '../ui/dialog.js';
import { ErrorNotice } from '../ui/notice.js';
import { LicenseDifferences } from './license-differences.js';
import { LicenseText } from './license-text.js';

interface InstallLicenseProps {
  /** The license in force. */
  readonly license: LicenseView;
  readonly onClose: (after?: LicenseView) => void;
}

/** Takes a license, shows what it would change, and installs it. */
export function InstallLicense({ license, onClose }: InstallLicenseProps): JSX.Element {
  const [text, setText] = useState('');
  const [after, setAfter] = useState<InstalledLicenseView>();
  const { busy, error, run } = useAsking();
  const look = () => run(async () => setAfter(await call('license.preview', { text })));
  const install = () => run(async () => onClose(await call('license.install', { text })));
  const submit = (event: Event) => {
    event.preventDefault();
    void (after === undefined ? look() : install());
  };
  return (
    <Dialog title={titleOf(after)} onClose={() => onClose()} closable={!busy}>
      <form class="form" onSubmit={submit}>
        {after === undefined ? (
          <LicenseText value={text} onChange={setText} />
        ) : (
          <LicenseDifferences before={license} after={after} />
        )}
        {error !== undefined && <ErrorNotice error={error} />}
        <div class="dialog-actions">
          <button
            type="button"
            class="button"
            onClick={() => (after === undefined ? onClose() : setAfter(undefined))}
            disabled={busy}
          >
            {after === undefined ? 'Cancel' : 'Back'}
          </button>
          {after?.outcome.counts !== 'never' && (
            <button type="submit" class="button primary" disabled={busy || text.trim() === ''}>
              {after === undefined ? (busy ? 'Looking …' : 'Look at it') : busy ? 'Installing …' : 'Install'}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function titleOf(after: InstalledLicenseView | undefined): string {
  if (after === undefined) return 'Install a license';
  return after.outcome.counts === 'never' ? 'This license would not count' : 'Install this license?';
}
