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
          {where}: {what(failure)}
        </>
      }
    >
      <p>{failure.message}</p>
      {failure.output !== '' && (
        <Scrollable class="output" label="The command’s own output">
          {failure.output}
        </Scrollable>
      )}
      {failure.step !== 'deadline' && <p class="muted">{aftermath(failure)}</p>}
    </Notice>
  );
}

/** What failed. Some names stand for no step of the blueprint. */
function what({ service, step }: FailureView): JSX.Element {
  const name = <code>{service}</code>;
  if (step === 'gate') return <>the gate stopped {name}</>;
  if (step === 'health') return <>{name} isn’t healthy after the change</>;
  if (step === 'deadline') return <>it took too long</>;
  if (step === 'compile') return <>the spec makes no manifest for it</>;
  return (
    <>
      step <code>{step}</code> of {name} failed
    </>
  );
}

function aftermath({ undone, untouched }: FailureView): string {
  if (untouched === true) return 'Nothing on the node was touched; it runs on as before.';
  return undone
    ? 'Everything that the attempt changed was undone; the node serves its last good configuration.'
    : 'Not everything that the attempt changed could be undone.';
}
