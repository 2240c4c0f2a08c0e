import type { ComponentChildren, JSX } from 'preact';
import { navigate } from '../state/router.js';

interface LinkProps {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** The page that is shown. */
  readonly current?: boolean;
}

/** A link within the console. Modified clicks stay the browser's. */
export function Link({ to, children, class: extra, current }: LinkProps): JSX.Element {
  const onClick = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a
      href={to}
      onClick={onClick}
      {...(extra === undefined ? {} : { class: extra })}
      {...(current ? { 'aria-current': 'page' as const } : {})}
    >
      {children}
    </a>
  );
}
