import type { JSX } from 'preact';
import type { ApiError } from '../api/api-error.js';
import { Notice } from '../ui/notice.js';

/** What is wrong with the spec, each with line and column. */
export function SpecProblems({ error }: { error: ApiError }): JSX.Element {
  const positioned = error.problems.length > 0;
  return (
    <Notice
      tone="bad"
      urgent
      title={positioned ? 'The spec isn’t right; nothing was changed.' : error.message}
    >
      {positioned && (
        <ul class="problems">
          {error.problems.map(({ message, position, path }) => (
            <li key={`${position?.line}:${position?.column}:${path}:${message}`}>
              {position !== undefined && (
                <code class="position">
                  {position.line}:{position.column}
                </code>
              )}{' '}
              {message}
            </li>
          ))}
        </ul>
      )}
      {error.hint !== undefined && <p>{error.hint}</p>}
    </Notice>
  );
}
