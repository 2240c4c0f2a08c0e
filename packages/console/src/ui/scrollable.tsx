import type { ComponentChildren, JSX } from 'preact';

interface ScrollableProps {
  readonly label: string;
  readonly class: string;
  readonly children: ComponentChildren;
}

/** A part that scrolls by itself: it can be reached, and so scrolled, by keyboard. */
export function Scrollable({ label, class: name, children }: ScrollableProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the focus to be scrolled by keyboard.
    <section class={name} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
