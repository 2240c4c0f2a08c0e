import type { JSX } from 'preact';
import { shortHash } from '../lib/format.js';
import { absoluteTime, hourAndMinute, lasting, relativeTime } from '../lib/time.js';
import { clock } from '../state/clock.js';
import { useStore } from '../state/store.js';

/** A moment, told relative to now; the exact one on hover. */
export function Time({ at, none = '–' }: { at: number | null | undefined; none?: string }): JSX.Element {
  const now = useStore(clock);
  if (at === null || at === undefined || at === 0) return <span class="muted">{none}</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={absoluteTime(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

/** How long something has lasted; when it began on hover. */
export function Lasting({ since }: { since: number }): JSX.Element {
  const now = useStore(clock);
  return <span title={`since ${absoluteTime(since)}`}>{lasting(since, now)}</span>;
}

/** Of when something was last known: `, as of 14:03`; nothing where that isn't known either. */
export function AsOf({ at }: { at: number | null }): JSX.Element | null {
  const now = useStore(clock);
  if (at === null) return null;
  return (
    <>
      , as of{' '}
      <time dateTime={new Date(at).toISOString()} title={absoluteTime(at)}>
        {hourAndMinute(at, now)}
      </time>
    </>
  );
}

/** A hash, short; whole on hover. */
export function Hash({ hash }: { hash: string | undefined }): JSX.Element {
  if (hash === undefined || hash === '') return <span class="muted">–</span>;
  return (
    <code class="hash" title={hash}>
      {shortHash(hash)}
    </code>
  );
}
