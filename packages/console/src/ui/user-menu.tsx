import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { logOut, type User } from '../api/session.js';
import { refreshSession } from '../state/session.js';
import { Icon } from './icon.js';

/** Who is logged in, and the way out. A disclosure: closes on Escape, on a click beside it, or when the focus leaves. */
export function UserMenu({ user }: { user: User }): JSX.Element {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && !ref.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return;
    setOpen(false);
    button.current?.focus();
  };
  const onFocusOut = (event: FocusEvent) => {
    if (event.relatedTarget instanceof Node && !ref.current?.contains(event.relatedTarget)) setOpen(false);
  };
  const leave = async () => {
    await logOut().catch(() => undefined);
    await refreshSession();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears Escape and focus on their way up.
    <div class="menu" ref={ref} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <button
        ref={button}
        type="button"
        class="button quiet"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <Icon name="user" />
        <span class="menu-name">{user.name}</span>
      </button>
      <div id={id} class="menu-panel" hidden={!open}>
        <p>
          Logged in as <strong>{user.name}</strong>
          <br />
          <span class="muted">Role: {user.role}</span>
        </p>
        <button type="button" class="button" onClick={() => void leave()}>
          Log out
        </button>
      </div>
    </div>
  );
}
