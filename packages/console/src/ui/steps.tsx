import type { StepEventView } from '@shoal/common';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { clockTime } from '../lib/time.js';
import { Scrollable } from './scrollable.js';

const tones: Readonly<Record<string, string>> = {
  started: 'busy',
  done: 'good',
  unchanged: 'quiet',
  failed: 'bad',
  undone: 'warn',
  output: 'quiet',
};

interface StepsProps {
  readonly events: readonly StepEventView[];
  readonly label: string;
  /** Most events that are shown: the last ones. */
  readonly limit?: number;
}

/** What steps said, in order. */
export function Steps({ events, label, limit = 300 }: StepsProps): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  useFollowedEnd(list, events);
  if (events.length === 0) return <p class="muted">No step has reported yet.</p>;
  const shown = events.slice(-limit);
  return (
    <>
      {shown.length < events.length && (
        <p class="muted">{events.length - shown.length} earlier ones aren’t shown.</p>
      )}
      <Scrollable class="steps" label={label}>
        <ol ref={list}>
          {shown.map((event, index) => (
            <li key={events.length - shown.length + index} class={`step step-${event.kind}`}>
              <time dateTime={new Date(event.at).toISOString()}>{clockTime(event.at)}</time>
              <code class="step-name">
                {event.service}/{event.step}
              </code>
              <span class={`step-kind tone-${tones[event.kind] ?? 'quiet'}`}>{event.kind}</span>
              {event.text !== '' && <span class="step-text">{event.text}</span>}
            </li>
          ))}
        </ol>
      </Scrollable>
    </>
  );
}

/** Keeps the end in view while it is in view. */
function useFollowedEnd(
  list: { readonly current: HTMLElement | null },
  events: readonly StepEventView[],
): void {
  const shown = useRef(0);
  useLayoutEffect(() => {
    const scroller = list.current?.parentElement;
    if (scroller === null || scroller === undefined) return;
    const before = scroller.scrollTop + scroller.clientHeight;
    if (shown.current === 0 || before >= shown.current - 30) scroller.scrollTop = scroller.scrollHeight;
    shown.current = scroller.scrollHeight;
  }, [list, events]);
}

/** The events of a list and those that came live, each once, by time. */
export function mergeSteps(
  listed: readonly StepEventView[],
  live: readonly StepEventView[],
): readonly StepEventView[] {
  const key = (event: StepEventView) =>
    `${event.node}|${event.at}|${event.service}|${event.step}|${event.kind}|${event.text}`;
  const all = new Map([...listed, ...live].map((event) => [key(event), event]));
  return [...all.values()].sort((a, b) => a.at - b.at);
}
