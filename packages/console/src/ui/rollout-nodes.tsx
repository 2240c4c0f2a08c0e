import type { RolloutNodeView, RolloutView, StepEventView } from '@shoal/common';
import type { JSX } from 'preact';
import { type Batch, batchesOf } from '../lib/rollout-words.js';
import { duration } from '../lib/time.js';
import { clock } from '../state/clock.js';
import { nodePath } from '../state/router.js';
import { useStore } from '../state/store.js';
import { Failure } from './failure.js';
import { Link } from './link.js';
import { progressWords } from './rollout-progress.js';
import { RolloutNodeBadge } from './status.js';
import { Steps } from './steps.js';

interface RolloutNodesProps {
  readonly rollout: RolloutView;
  readonly events: readonly StepEventView[];
}

/** The nodes batch by batch, each with its state, failure and steps. */
export function RolloutNodes({ rollout, events }: RolloutNodesProps): JSX.Element {
  const batches = batchesOf(rollout.nodes);
  // Where each node is a batch of its own, and where all are one, a heading tells nothing.
  const isGrouped = rollout.strategy !== 'one-by-one' && batches.some(({ number }) => number > 1);
  const turns = batches.filter(({ number }) => number > 0);
  const beside = batches.find(({ number }) => number === 0);
  return (
    <>
      {isGrouped
        ? turns.map((batch) => (
            <section key={batch.number} class="batch" aria-label={`Batch ${batch.number}`}>
              <h2>
                {batchTitle(batch, rollout)} <span class="hint">{progressWords(batch)}</span>
              </h2>
              <NodeList nodes={batch.nodes} rollout={rollout} events={events} inBatch />
            </section>
          ))
        : turns.length > 0 && (
            <NodeList nodes={turns.flatMap(({ nodes }) => nodes)} rollout={rollout} events={events} />
          )}
      {beside !== undefined && <Beside batch={beside} />}
    </>
  );
}

function batchTitle({ number }: Batch, { batches, strategy }: RolloutView): string {
  const title = `Batch ${number} of ${batches}`;
  return strategy === 'canary' && number === 1 ? `${title}: the canary` : title;
}

/** Nodes that the change doesn't touch: who they are, on demand. */
function Beside({ batch }: { batch: Batch }): JSX.Element {
  const number = batch.nodes.length;
  return (
    <details>
      <summary>
        {number === 1 ? '1 node isn’t touched' : `${number} nodes aren’t touched`} by the change
      </summary>
      <ul class="inline-list beside">
        {batch.nodes.map(({ node }) => (
          <li key={node} data-node={node}>
            <Link to={nodePath(node)}>{node}</Link>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface NodeListProps extends RolloutNodesProps {
  readonly nodes: readonly RolloutNodeView[];
  readonly inBatch?: boolean;
}

function NodeList({ nodes, rollout, events, inBatch = false }: NodeListProps): JSX.Element {
  return (
    <ul class="rollout-nodes">
      {nodes.map((node) => (
        <OneNode
          key={node.node}
          node={node}
          revision={rollout.revision}
          events={events.filter((event) => event.node === node.node)}
          heading={inBatch ? 'h3' : 'h2'}
        />
      ))}
    </ul>
  );
}

const open: ReadonlySet<RolloutNodeView['status']> = new Set(['offered', 'failed', 'undoing']);
const underWay: ReadonlySet<RolloutNodeView['status']> = new Set(['offered', 'undoing']);

interface OneNodeProps {
  readonly node: RolloutNodeView;
  readonly revision: number;
  readonly events: readonly StepEventView[];
  readonly heading: 'h2' | 'h3';
}

/** One node of a rollout. Where something happens, or went wrong, its steps are open. */
function OneNode({ node, revision, events, heading: Heading }: OneNodeProps): JSX.Element {
  const now = useStore(clock);
  const { startedAt, failure, status, previous } = node;
  const end = node.endedAt ?? (underWay.has(status) ? now : null);
  const goesBack = status === 'undoing' || status === 'undone';
  return (
    <li class="panel" data-node={node.node}>
      <div class="panel-head">
        <Heading>
          <Link to={nodePath(node.node)}>{node.node}</Link>
        </Heading>
        <RolloutNodeBadge status={status} />
        {goesBack && previous > 0 && (
          <span class="muted">
            {status === 'undone' ? 'back on' : 'back to'} revision {previous}
          </span>
        )}
        {startedAt !== null && end !== null && end >= startedAt && (
          <span class="muted took">{duration(end - startedAt)}</span>
        )}
      </div>
      {failure !== null && <Failure failure={failure} where={node.node} />}
      {failure === null && <GateWords events={events} revision={revision} />}
      {events.length > 0 && (
        <details open={open.has(status)}>
          <summary>{events.length} step events</summary>
          <Steps events={events} label={`Steps on ${node.node}`} />
        </details>
      )}
    </li>
  );
}

/** What the gate said of the node's traffic, with its figures. */
function GateWords({
  events,
  revision,
}: {
  events: readonly StepEventView[];
  revision: number;
}): JSX.Element | null {
  const said = events.findLast((event) => event.step === 'gate' && event.revision === revision);
  if (said === undefined || (said.kind !== 'started' && said.kind !== 'done')) return null;
  return (
    <p class="hint">
      Gate of {said.service}: {said.text}
    </p>
  );
}
