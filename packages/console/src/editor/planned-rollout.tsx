import type { PlanRollout, PlanSecret } from '@shoal/common';
import {
  gateWords,
  listed,
  nodeFailureWords,
  promotionWords,
  strategyWords,
  unwatchedWords,
} from '@shoal/common/words';
import type { JSX } from 'preact';
import { capitalized, count, sentence } from '../lib/format.js';
import { duration } from '../lib/time.js';
import { Message } from '../ui/message.js';
import { Notice } from '../ui/notice.js';

/** What applying doesn't refuse and a person should know. */
export function PlanWarnings({ warnings }: { warnings: readonly string[] }): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <Notice tone="warn" title={count(warnings.length, 'warning')}>
      <ul class="problems">
        {warnings.map((warning) => (
          <li key={warning}>
            <Message text={sentence(warning)} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** Secrets whose newest values reach the nodes with this change. */
export function RenewedSecrets({ secrets }: { secrets: readonly PlanSecret[] }): JSX.Element | null {
  if (secrets.length === 0) return null;
  return (
    <>
      <h3>New values of secrets</h3>
      <ul class="plan-nodes">
        {secrets.map(({ name, services }) => (
          <li key={name}>
            <code>{name}</code> <span class="muted">({services.join(', ')})</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Most names in a line; of more, how many there are. */
const named = 12;
const names = (all: readonly string[]) => listed(all, named);

/** How the rollout would go: its strategy, what it waits for, and who is in which batch. */
export function PlannedRollout({ rollout }: { rollout: PlanRollout }): JSX.Element {
  const { strategy, batches, atOnce, gate, unwatched } = rollout;
  const isSequence = strategy === 'one-by-one' || batches.length === 1;
  const promotion = promotionWords(rollout, duration);
  if (batches.length === 0) return <p class="muted">Every node runs just this already.</p>;
  return (
    <>
      <p>
        {capitalized(strategyWords(strategy, batches.length))}
        {batches.some((nodes) => nodes.length > atOnce) && `, at most ${count(atOnce, 'node')} at once`}.{' '}
        {promotion !== undefined && `After the canary it ${promotion}. `}
        {failureSentence(rollout)}
      </p>
      {isSequence ? (
        <p class="muted">{names(batches.flat())}</p>
      ) : (
        <ol class="plan-batches">
          {batches.map((nodes, index) => (
            <li key={index}>
              {names(nodes)}
              {strategy === 'canary' && index === 0 && <span class="muted"> (the canary)</span>}
            </li>
          ))}
        </ol>
      )}
      <p class="muted">Gate: {gateWords(gate, duration)}.</p>
      {unwatchedWords(unwatched, names).map((words) => (
        <p key={words} class="muted">
          The traffic of {words}.
        </p>
      ))}
      <p class="hint">
        The spec’s <code>rollout</code> says how.
      </p>
    </>
  );
}

/** What follows when a node fails. */
export function failureSentence({ onFailure }: Pick<PlanRollout, 'onFailure'>): string {
  return `If a node fails, ${nodeFailureWords[onFailure]}.`;
}
