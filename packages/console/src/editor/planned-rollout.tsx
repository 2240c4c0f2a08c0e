import type { PlanRollout, PlanSecret } from '@shoal/common';
import type { JSX } from 'preact';
import { capitalized, count, formatNumber } from '../lib/format.js';
import { strategyWords } from '../lib/rollout-words.js';
import { duration } from '../lib/time.js';
import { Notice } from '../ui/notice.js';

/** What applying doesn't refuse and a person should know. */
export function PlanWarnings({ warnings }: { warnings: readonly string[] }): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <Notice tone="warn" title={count(warnings.length, 'warning')}>
      <ul class="problems">
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
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

/** Most nodes of a batch that are named. */
const named = 12;

/** How the rollout would go: its strategy, what it waits for, and who is in which batch. */
export function PlannedRollout({ rollout }: { rollout: PlanRollout }): JSX.Element {
  const { strategy, batches, atOnce } = rollout;
  const isSequence = strategy === 'one-by-one' || batches.length === 1;
  return (
    <>
      <p>
        {capitalized(strategyWords({ strategy, batches: batches.length }))}
        {batches.some((nodes) => nodes.length > atOnce) && `, at most ${count(atOnce, 'node')} at once`}.{' '}
        {waitWords(rollout)}
        {failureWords(rollout)}
      </p>
      {isSequence ? (
        batches.length > 0 && <p class="muted">{listed(batches.flat(), ', ')}</p>
      ) : (
        <ol class="plan-batches">
          {batches.map((nodes, index) => (
            <li key={index}>
              {listed(nodes, ', ')}
              {strategy === 'canary' && index === 0 && <span class="muted"> (the canary)</span>}
            </li>
          ))}
        </ol>
      )}
      {batches.length === 0 && <p class="muted">Every node runs just this already.</p>}
      {batches.length > 0 && <p class="muted">{gateWords(rollout.gate)}</p>}
      {batches.length > 0 && rollout.unwatched.length > 0 && (
        <p class="muted">Judged by health alone: {listed(rollout.unwatched.map(unwatchedWords), '; ')}.</p>
      )}
      <p class="hint">
        The spec’s <code>rollout</code> says how.
      </p>
    </>
  );
}

function listed(nodes: readonly string[], separator: string): string {
  const words = nodes.slice(0, named).join(separator);
  return nodes.length > named ? `${words} and ${nodes.length - named} more` : words;
}

function waitWords({ strategy, batches, promoteAfterMs }: PlanRollout): string {
  if (strategy !== 'canary' || batches.length < 2) return '';
  return promoteAfterMs === null
    ? 'After the canary it waits to be promoted. '
    : `After the canary it goes on by itself once that has been healthy for ${duration(promoteAfterMs)}. `;
}

/** What a changed service's traffic must be like. */
function gateWords({
  observeMs,
  maxErrorRateIncrease,
  maxLatencyIncrease,
  minRequests,
}: PlanRollout['gate']): string {
  if (observeMs === 0) return 'Gate: healthy; traffic isn’t watched.';
  const time = observeMs === null ? 'where it is drained' : `for ${duration(observeMs)}`;
  const errors = `at most ${percent(maxErrorRateIncrease)} more errors`;
  const latency = `a 95th percentile at most ${percent(maxLatencyIncrease)} longer`;
  return `Gate: healthy; traffic is watched ${time}: ${errors} and ${latency} than before, from ${minRequests} requests on.`;
}

function unwatchedWords({ service, why }: PlanRollout['unwatched'][number]): string {
  return why === 'undrained'
    ? `${service} (it isn’t drained)`
    : `${service} (no log source tells of its requests)`;
}

const percent = (share: number) => `${formatNumber(share * 100)} %`;

/** What follows when a node fails. */
export function failureWords({ onFailure }: Pick<PlanRollout, 'onFailure'>): string {
  return onFailure === 'undo'
    ? 'If a node fails, every node that it changed goes back to what ran there before.'
    : 'If a node fails, it goes back, and the rollout stops; the nodes before it stay at the new revision.';
}
