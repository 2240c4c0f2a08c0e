import type { JSX } from 'preact';

/** Outlines on a 16 by 16 grid, drawn with round strokes. */
const paths = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  alert: 'M8 2.5l6 11H2zM8 6.5v3M8 11.7v.1',
  sync: 'M13 6.500A5.200 5.200 0 0 0 3.500 5M3 9.500A5.200 5.200 0 0 0 12.500 11M3.500 2.500V5H6M12.500 13.500V11H10',
  behind: 'M8 3v4.800l3 2M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z',
  unlink: 'M6.500 9.500l-2 2a2.100 2.100 0 0 1-3-3l2-2M9.500 6.500l2-2a2.100 2.100 0 0 1 3 3l-2 2M3 3l10 10',
  down: 'M8 3v8M4.500 8L8 11.500 11.500 8M3.500 13.500h9',
  plus: 'M8 3v10M3 8h10',
  dot: 'M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  minus: 'M3.500 8h9',
  sun: 'M8 5.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9',
  moon: 'M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z',
  user: 'M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8zM2.800 13.800c.6-2.500 2.600-3.600 5.200-3.600s4.600 1.100 5.200 3.600',
  copy: 'M5.500 5.500h7v8h-7zM3.500 10.500v-8h7',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.200l7.500 4.800L5 12.800z',
  end: 'M8 2.500v8.500M4.500 7.500L8 11l3.500-3.500M3.500 13.500h9',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.300 10.300l3.200 3.200',
  chevron: 'M6 3.500L10.500 8 6 12.500',
  server: 'M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5v.1M5 11v.1',
} as const;

export type IconName = keyof typeof paths;

/** A decoration beside words; read by nobody who can't see it. */
export function Icon({ name, class: extra }: { name: IconName; class?: string }): JSX.Element {
  return (
    <svg
      class={extra === undefined ? 'icon' : `icon ${extra}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      focusable="false"
    >
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** The mark: two fish of a shoal. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M5 11.500c3-3.600 7.600-3.600 10.600-.6l2.600-2.300v5.800l-2.600-2.300c-3 3-7.600 3-10.600-.6z" />
      <path
        class="mark-second"
        d="M14 20.500c3-3.600 7.600-3.600 10.600-.6l2.600-2.300v5.800l-2.600-2.300c-3 3-7.600 3-10.600-.6z"
      />
    </svg>
  );
}
