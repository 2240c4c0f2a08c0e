import type { BlueprintChange, Plan, PlanNode, SpecChange } from '@shoal/common';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { count } from '../lib/format.js';
import { Changes, Diff, Difference } from '../ui/diff.js';
import { Section } from '../ui/page.js';
import { PlannedRollout, PlanWarnings, RenewedSecrets } from './planned-rollout.js';

const actionWords: Readonly<Record<string, string>> = {
  change: 'changes',
  same: 'stays as it is',
  new: 'runs its first services',
  remove: 'loses services',
};

interface PlanViewProps {
  readonly plan: Plan;
  /** A newer revision is there: this plan can't be applied. */
  readonly stale: boolean;
  readonly onApply: () => void;
}

/** A blueprint that became another, as a change like the spec's own. */
function blueprintChange({ service, before, after }: BlueprintChange): SpecChange {
  const now = before === after ? `${after}, with other content` : after;
  return { kind: 'changed', path: `blueprint of ${service}`, before, after: now };
}

/** What the edited spec would change: values, text, nodes. */
export function PlanView({ plan, stale, onApply }: PlanViewProps): JSX.Element {
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => top.current?.scrollIntoView({ block: 'nearest' }), [plan]);
  const touched = plan.nodes.filter(({ action }) => action !== 'same');
  const changes = [...plan.changes, ...plan.blueprints.map(blueprintChange)];
  const nothing =
    plan.changes.length === 0 &&
    plan.blueprints.length === 0 &&
    plan.secrets.length === 0 &&
    plan.text === '' &&
    touched.length === 0;
  return (
    <Section title="Plan" class="plan">
      <div ref={top} class="plan-top" />
      <PlanWarnings warnings={plan.warnings} />
      {nothing ? (
        <p>Nothing would change.</p>
      ) : (
        <>
          <p>
            {count(plan.changes.length, 'value')} changed, {count(touched.length, 'node')} touched of{' '}
            {plan.nodes.length}, against {plan.against}.
          </p>
          {changes.length > 0 && <Changes changes={changes} />}
          {plan.text !== '' && <Diff text={plan.text} label="Difference of the spec" />}
          <RenewedSecrets secrets={plan.secrets} />
          <h3>Rollout</h3>
          <PlannedRollout rollout={plan.rollout} />
          <h3>Nodes</h3>
          {plan.nodes.length === 0 ? (
            <p class="muted">
              No node is in the cluster yet. Nodes that join later get this revision at once.
            </p>
          ) : (
            <ul class="plan-nodes">
              {plan.nodes.map((node) => (
                <PlannedNode key={node.node} node={node} />
              ))}
            </ul>
          )}
          <button type="button" class="button primary" disabled={stale} onClick={onApply}>
            Apply …
          </button>
        </>
      )}
    </Section>
  );
}

function PlannedNode({ node }: { node: PlanNode }): JSX.Element {
  return (
    <li>
      <strong>{node.node}</strong>{' '}
      <span class={`action-${node.action}`}>{actionWords[node.action] ?? node.action}</span>
      {node.services.length > 0 && <span class="muted"> ({node.services.join(', ')})</span>}
      {node.refused !== '' && (
        <p class="difference-text refused">
          {node.node} refused this: {node.refused}
        </p>
      )}
      {node.note !== '' && <span class="muted">; {node.note}</span>}
      {node.differences.map(({ service, step, difference, problem }, index) => (
        <details key={`${index}${service}/${step}`} class="difference" open={problem !== ''}>
          <summary>
            <code>
              {service}/{step}
            </code>
            {problem !== '' && <strong class="refused"> would be refused</strong>}
          </summary>
          {problem !== '' && <p class="difference-text">{problem}</p>}
          {difference !== '' && (
            <Difference text={difference} label={`Difference of ${service}/${step} on ${node.node}`} />
          )}
        </details>
      ))}
    </li>
  );
}
