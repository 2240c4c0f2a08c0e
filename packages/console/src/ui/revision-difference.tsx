import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useQuery } from '../lib/use-query.js';
import { Changes, Diff } from './diff.js';
import { ErrorNotice } from './notice.js';
import { Loading } from './page.js';

/** What changed between two revisions: value by value, then as text. */
export function RevisionDifference({ from, to }: { from: number; to: number }): JSX.Element {
  const { data, error } = useQuery((signal) => call('revision.diff', { from, to }, signal), [from, to]);
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (data === undefined) return <Loading what="the difference" />;
  return (
    <>
      <Changes changes={data.changes} />
      <Diff text={data.text} label={`Difference from revision ${from} to ${to}`} />
    </>
  );
}
