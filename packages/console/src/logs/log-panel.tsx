import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/api-error.js';
import { Icon } from '../ui/icon.js';
import { ErrorNotice } from '../ui/notice.js';
import { LogFilters } from './log-filters.js';
import { type LogFilter, LogFollower, rowLimit } from './log-follower.js';

/** Live log lines with filters, pause and follow. With `node` fixed it is part of that node's page. */
export function LogPanel({ node }: { node?: string }): JSX.Element {
  const [filter, setFilter] = useState<LogFilter>({ node: node ?? '', service: '', source: '', grep: '' });
  const [raw, setRaw] = useState(false);
  const view = useFollower(filter);
  const words = { connecting: 'connecting …', live: 'live', lost: 'disconnected, connecting again …' };
  return (
    <div class="logs">
      <div class="log-controls">
        <LogFilters filter={filter} fixedNode={node !== undefined} onChange={setFilter} />
        <div class="log-buttons">
          <button
            type="button"
            class="button"
            aria-pressed={raw}
            title="Show access log lines as they were written"
            onClick={() => setRaw(!raw)}
          >
            Raw
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={view.paused}
            onClick={() => view.setPaused(!view.paused)}
          >
            <Icon name={view.paused ? 'play' : 'pause'} />
            {view.paused ? 'Resume' : 'Pause'}
          </button>
          <button type="button" class="button" aria-pressed={view.atEnd} onClick={view.toEnd}>
            <Icon name="end" />
            Follow
          </button>
        </div>
      </div>
      {view.refused !== undefined && <ErrorNotice error={view.refused} />}
      <div
        ref={view.scroller}
        class={raw ? 'log-scroller raw' : 'log-scroller'}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the focus to be scrolled by keyboard.
        tabIndex={0}
        onScroll={view.onScroll}
      />
      <p class="log-foot muted">
        <span>{view.refused === undefined ? words[view.state] : 'not followed'}</span>
        <span>
          {view.shown === 0 && view.state === 'live'
            ? 'no line yet'
            : `${view.shown} lines shown, at most ${rowLimit}`}
          {view.waiting > 0 && `, ${view.waiting} waiting`}
        </span>
      </p>
    </div>
  );
}

/** A follower for `filter`, made anew when that changes, and what the panel shows of it. */
function useFollower(filter: LogFilter) {
  const scroller = useRef<HTMLDivElement>(null);
  const follower = useRef<LogFollower>(null);
  const [state, setState] = useState<'connecting' | 'live' | 'lost'>('connecting');
  const [refused, setRefused] = useState<ApiError>();
  const [paused, setPaused] = useState(false);
  const [waiting, setWaiting] = useState(0);
  const [shown, setShown] = useState(0);
  const [atEnd, setAtEnd] = useState(true);
  useEffect(() => {
    if (scroller.current === null) return;
    const made = new LogFollower(scroller.current, filter, {
      onState: setState,
      onRefused: setRefused,
      onWaiting: setWaiting,
      onShown: setShown,
    });
    follower.current = made;
    for (const reset of [() => setRefused(undefined), () => setPaused(false), () => setAtEnd(true)]) reset();
    setState('connecting');
    setWaiting(0);
    setShown(0);
    made.start();
    return () => made.stop();
  }, [filter]);
  useEffect(() => follower.current?.setPaused(paused), [paused]);
  const onScroll = () => {
    const element = scroller.current;
    if (element === null || follower.current === null) return;
    const end = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    follower.current.atEnd = end;
    setAtEnd(end);
  };
  const toEnd = () => follower.current?.toEnd();
  return { scroller, state, refused, paused, setPaused, waiting, shown, atEnd, onScroll, toEnd };
}
