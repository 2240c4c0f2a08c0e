import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';

/** False until the first page was shown: the browser's own start of reading stays alone then. */
let navigated = false;

interface PageProps {
  readonly title: string;
  /** Shown instead of `title` as heading. */
  readonly heading?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A page: names the window, heads the content, and takes the focus after a change of page. */
export function Page({ title, heading, actions, children }: PageProps): JSX.Element {
  const ref = useRef<HTMLHeadingElement>(null);
  const name = useStore(cluster, (state) => state.status?.clusterName);
  useEffect(() => {
    document.title = name === undefined ? `${title} · Shoal` : `${title} · ${name} · Shoal`;
  }, [title, name]);
  useEffect(() => {
    if (navigated) ref.current?.focus({ preventScroll: true });
    navigated = true;
  }, []);
  return (
    <main id="main" class="page">
      <header class="page-head">
        <h1 ref={ref} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}

/** A titled part of a page. */
export function Section(props: {
  title: string;
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class={props.class === undefined ? 'panel' : `panel ${props.class}`} aria-label={props.title}>
      <div class="panel-head">
        <h2>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

export function Loading({ what }: { what: string }): JSX.Element {
  return <p class="loading muted">Reading {what} …</p>;
}
