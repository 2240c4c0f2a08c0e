import type { ComponentChildren, JSX } from 'preact';
import type { Query } from '../lib/use-query.js';
import { ErrorNotice } from './notice.js';
import { Loading } from './page.js';

interface AnswerProps<T> {
  readonly query: Query<T>;
  /** What is read: `the secrets`. */
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}

/** What the controller answered; until then that it is read, or why it can't be. */
export function Answer<T>({ query: { data, error }, what, children }: AnswerProps<T>): JSX.Element {
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (data === undefined) return <Loading what={what} />;
  return <>{children(data)}</>;
}
