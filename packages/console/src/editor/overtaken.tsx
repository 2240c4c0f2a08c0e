import type { RevisionView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { type Draft, draft, isEdited } from '../state/draft.js';
import { Link } from '../ui/link.js';
import { Notice } from '../ui/notice.js';
import { RevisionDifference } from '../ui/revision-difference.js';
import { Time } from '../ui/text.js';

interface OvertakenProps {
  readonly value: Draft;
  readonly newest: RevisionView;
  readonly reload: () => void;
  readonly onKeep: () => void;
}

/** Somebody else committed while this edit went on: who, when, why, what; and the two ways on. */
export function Overtaken({ value, newest, reload, onKeep }: OvertakenProps): JSX.Element {
  const [looking, setLooking] = useState(false);
  const keep = async () => {
    const { number, spec } = await call('revision.get', {});
    draft.set({ base: number, original: spec, text: value.text });
    onKeep();
  };
  return (
    <Notice tone="warn" urgent title={`${newest.author} committed revision ${newest.number} meanwhile.`}>
      <p>
        <Time at={newest.createdAt} />
        {newest.reason === '' ? ', without a reason' : `: ${newest.reason}`}. Your text is based on{' '}
        {value.base === 0 ? 'nothing' : `revision ${value.base}`} and doesn’t hold that change.{' '}
        <Link to={`/revisions/${newest.number}`}>Revision {newest.number}</Link>
      </p>
      <div class="actions">
        <button type="button" class="button" aria-expanded={looking} onClick={() => setLooking(!looking)}>
          What changed
        </button>
        <button type="button" class="button" onClick={reload}>
          {isEdited(value) ? 'Drop my edit, take the newest' : 'Take the newest'}
        </button>
        {isEdited(value) && (
          <button type="button" class="button" onClick={() => void keep()}>
            Keep my text, against the newest
          </button>
        )}
      </div>
      {looking && <RevisionDifference from={value.base} to={newest.number} />}
    </Notice>
  );
}
