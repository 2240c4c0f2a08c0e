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
      {data.secrets.length > 0 && (
        <ul class="changes">
          {data.secrets.map(({ name, services, before, after }) => (
            <li key={name} class="change-changed">
              <span class="change-kind">changed</span>
              <code>secret {name}</code>
              <span class="muted">
                {services.join(', ')}; version {before.slice(0, 12)} → {after.slice(0, 12)}
              </span>
            </li>
          ))}
        </ul>
      )}
      <Diff text={data.text} label={`Difference from revision ${from} to ${to}`} />
    </>
  );
}
