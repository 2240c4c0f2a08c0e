import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.js';

/** Puts `text` on the clipboard and says so. */
export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element {
  const [outcome, setOutcome] = useState<'' | 'Copied' | 'Select and copy it by hand'>('');
  useEffect(() => {
    if (outcome === '') return;
    const timer = setTimeout(() => setOutcome(''), 2_500);
    return () => clearTimeout(timer);
  }, [outcome]);
  const onClick = async (event: MouseEvent) => {
    const near = event.currentTarget instanceof HTMLElement ? event.currentTarget : document.body;
    setOutcome((await copy(text, near)) ? 'Copied' : 'Select and copy it by hand');
  };
  return (
    <span class="copy">
      <button type="button" class="button small" onClick={(event) => void onClick(event)}>
        <Icon name={outcome === 'Copied' ? 'check' : 'copy'} />
        {label}
      </button>
      <span class="copy-outcome" role="status">
        {outcome}
      </span>
    </span>
  );
}

/** The clipboard interface is there on HTTPS and loopback only; elsewhere the older way, from a field beside the button (a dialog keeps the focus inside). */
async function copy(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'visually-hidden';
    near.parentElement?.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    near.focus();
    return done;
  }
}
