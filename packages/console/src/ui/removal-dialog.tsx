import type { ComponentChildren, JSX } from 'preact';
import type { Asking } from '../lib/use-asking.js';
import { Dialog } from './dialog.js';
import { ErrorNotice } from './notice.js';

interface RemovalDialogProps {
  readonly title: string;
  /** Of the button that does it. Default `Remove`. */
  readonly action?: string;
  readonly asking: Pick<Asking, 'busy' | 'error'>;
  /** Something is still to be agreed to. */
  readonly disabled?: boolean;
  readonly remove: () => Promise<void>;
  readonly onClose: () => void;
  /** What follows from it. */
  readonly children: ComponentChildren;
}

/** Asks before something is taken away, and shows why it was refused. */
export function RemovalDialog({
  title,
  action = 'Remove',
  asking: { busy, error },
  disabled = false,
  remove,
  onClose,
  children,
}: RemovalDialogProps): JSX.Element {
  return (
    <Dialog title={title} onClose={onClose} closable={!busy}>
      {children}
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={() => void remove()} disabled={busy || disabled}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
