import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { ChangeDesk } from '../editor/change-desk.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { type Draft, draft, isEdited } from '../state/draft.js';
import { may } from '../state/roles.js';
import { location, navigate } from '../state/router.js';
import { useStore } from '../state/store.js';
import { ErrorNotice, Notice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';

/** The spec in an editor: plan a change, then apply it. `?from=N` begins with the text of an older revision. */
export function ApplyPage({ user }: PageProps): JSX.Element {
  const value = useStore(draft);
  const from = useStore(location, ({ query }) => query.get('from'));
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    const abort = new AbortController();
    load(from === null ? undefined : Number(from), abort.signal).catch((thrown) => {
      if (!abort.signal.aborted) setError(ApiError.from(thrown));
    });
    return () => abort.abort();
  }, [from]);
  return (
    <Page title="Apply a change">
      {!may(user.role, 'operator') && (
        <Notice tone="warn" title="Your role may look at the spec, but not change it." />
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      {value === undefined && error === undefined && <Loading what="the spec" />}
      {value !== undefined && (
        <ChangeDesk
          value={value}
          reload={() => reload().catch((thrown) => setError(ApiError.from(thrown)))}
        />
      )}
    </Page>
  );
}

/** Begins with the newest revision's text, unless an edit is under way; with that of revision `from` when it is named. */
async function load(from: number | undefined, signal: AbortSignal): Promise<void> {
  if (from === undefined && isEdited(draft.get())) return;
  const newest = await readNewest(signal);
  if (from === undefined) {
    // Typing may have begun meanwhile, in the text of an earlier visit.
    if (!isEdited(draft.get())) draft.set(newest);
    return;
  }
  const { spec } = await call('revision.get', { number: from }, signal);
  const held = draft.get();
  const replaces = isEdited(held) && held?.text !== spec;
  if (!replaces || window.confirm(`Replace the edit that is under way by the text of revision ${from}?`)) {
    draft.set({ ...newest, text: spec });
  }
  // Coming back to this page later finds the edit, not the revision again.
  navigate('/apply', { replace: true });
}

/** Drops the edit and begins anew with the newest revision. */
async function reload(): Promise<void> {
  draft.set(await readNewest());
}

async function readNewest(signal?: AbortSignal): Promise<Draft> {
  try {
    const { number, spec } = await call('revision.get', {}, signal);
    return { base: number, original: spec, text: spec };
  } catch (thrown) {
    if (ApiError.from(thrown).code !== 'not_found') throw thrown;
    const { clusterName } = cluster.get().status ?? (await call('status.get', {}, signal));
    const text = `cluster: ${clusterName}\nservices: {}\n`;
    return { base: 0, original: text, text };
  }
}
