import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** False while something is under way that a stray Escape shall not hide. */
  readonly closable?: boolean;
}

/** A modal dialog: the browser keeps the focus inside, gives it back afterwards, and closes on Escape. */
export function Dialog({ title, onClose, children, closable = true }: DialogProps): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  const onCancel = (event: Event) => {
    // A file field inside, whose chooser was left without a choice, says so by an event of the same name.
    if (event.target !== ref.current) return;
    event.preventDefault();
    if (closable) onClose();
  };
  return (
    <dialog ref={ref} class="dialog" aria-labelledby={id} onCancel={onCancel}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
