import type { AddedBlueprint } from '@shoal/common';
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { Dialog } from '../ui/dialog.js';
import { ErrorNotice } from '../ui/notice.js';

/** Asks for an archive and hands it to the controller, which judges it. */
export function UploadBlueprint({ onClose }: { onClose: (added?: AddedBlueprint) => void }): JSX.Element {
  const id = useId();
  const [file, setFile] = useState<File>();
  const { busy, error, run } = useAsking();
  const submit = (event: Event) => {
    event.preventDefault();
    if (file === undefined) return;
    void run(async () => {
      const archive = base64(new Uint8Array(await file.arrayBuffer()));
      onClose(await call('blueprint.add', { archive, file: file.name }));
    });
  };
  return (
    <Dialog title="Upload a blueprint" onClose={() => onClose()} closable={!busy}>
      <form class="form" onSubmit={submit}>
        <p>
          A <code>.tar.gz</code> with <code>blueprint.yaml</code> and <code>templates/</code>, as{' '}
          <code>tar -czf</code> makes it of the folder. A version never changes once it is there: raise its
          number for each change.
        </p>
        <div class="field">
          <label for={id}>Archive</label>
          <input
            id={id}
            type="file"
            accept=".tar.gz,.tgz,application/gzip"
            onClick={(event) => {
              // The same file, mended meanwhile, is a new choice.
              event.currentTarget.value = '';
              setFile(undefined);
            }}
            onChange={(event) => setFile(event.currentTarget.files?.[0])}
          />
        </div>
        {error !== undefined && <ErrorNotice error={error} />}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => onClose()} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={busy || file === undefined}>
            {busy ? 'Uploading …' : 'Upload'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function base64(bytes: Uint8Array): string {
  const piece = 0x8000;
  let text = '';
  for (let at = 0; at < bytes.length; at += piece) {
    text += String.fromCharCode(...bytes.subarray(at, at + piece));
  }
  return btoa(text);
}
