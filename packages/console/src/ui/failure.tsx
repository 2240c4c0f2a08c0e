import type { FailureView } from '@shoal/common';
import type { ComponentChildren, JSX } from 'preact';
import { Notice } from './notice.js';
import { Scrollable } from './scrollable.js';

/** Why an attempt failed: the step, and the failing command's own words. */
export function Failure({ failure, where }: { failure: FailureView; where: ComponentChildren }): JSX.Element {
  return (
    <Notice
      tone="bad"
      title={
        <>
          {where}: step <code>{failure.step}</code> of <code>{failure.service}</code> failed
        </>
      }
    >
      <p>{failure.message}</p>
      {failure.output !== '' && (
        <Scrollable class="output" label="The command’s own output">
          {failure.output}
        </Scrollable>
      )}
      <p class="muted">{aftermath(failure)}</p>
    </Notice>
  );
}

function aftermath({ undone, untouched }: FailureView): string {
  if (untouched === true) return 'Nothing on the node was touched; it runs on as before.';
  return undone
    ? 'Everything that the attempt changed was undone; the node serves its last good configuration.'
    : 'Not everything that the attempt changed could be undone.';
}
