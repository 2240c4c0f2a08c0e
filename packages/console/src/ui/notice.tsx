import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api/api-error.js';
import { capitalized } from '../lib/format.js';
import { Icon } from './icon.js';
import { Message } from './message.js';

const icons = { bad: 'cross', warn: 'alert', busy: 'sync', good: 'check' } as const;

interface NoticeProps {
  readonly tone: keyof typeof icons;
  readonly title: ComponentChildren;
  readonly children?: ComponentChildren;
  /** Announced when it appears. */
  readonly urgent?: boolean;
}

/** Something that the reader shall know now. */
export function Notice({ tone, title, children, urgent = false }: NoticeProps): JSX.Element {
  return (
    <div class={`notice tone-${tone}`} {...(urgent ? { role: 'alert' as const } : {})}>
      <Icon name={icons[tone]} />
      <div class="notice-body">
        <p class="notice-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** What the controller refused, why, where, and what to do next. */
export function ErrorNotice({
  error,
  children,
}: {
  error: ApiError;
  children?: ComponentChildren;
}): JSX.Element {
  const problems = error.problems.filter((problem) => !error.message.includes(problem.message));
  return (
    <Notice tone="bad" urgent title={<Message text={capitalized(error.message)} />}>
      {problems.length > 0 && (
        <ul class="problems">
          {problems.map((problem) => (
            <li key={`${problem.path}${problem.position?.line}${problem.message}`}>{problem.message}</li>
          ))}
        </ul>
      )}
      {error.hint !== undefined && (
        <p>
          <Message text={capitalized(error.hint)} />
        </p>
      )}
      {children}
    </Notice>
  );
}
