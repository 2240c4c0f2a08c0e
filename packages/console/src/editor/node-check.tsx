import type { Plan, PlanNode } from '@shoal/common';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { count } from '../lib/format.js';
import { Notice } from '../ui/notice.js';
import { Scrollable } from '../ui/scrollable.js';

/** Nodes that are asked at the same time. */
const atOnce = 4;

/** How far a dry run is, node by node. */
export interface NodeCheck {
  /** What the nodes said; of the others what the plan says. */
  readonly nodes: readonly PlanNode[];
  readonly done: number;
  readonly total: number;
  readonly busy: boolean;
  readonly run: () => Promise<void>;
}

/** The dry run of a spec on each node that its plan touches, one node a question, so that there is something to see meanwhile. */
export function useNodeCheck(spec: string, plan: Plan): NodeCheck {
  const [answers, setAnswers] = useState<ReadonlyMap<string, PlanNode>>(new Map());
  const [busy, setBusy] = useState(false);
  const isOpen = useRef(true);
  useEffect(() => {
    return () => {
      isOpen.current = false;
    };
  }, []);
  const touched = plan.nodes.filter(({ action }) => action !== 'same');
  const run = async () => {
    const waiting = touched.map(({ node }) => node);
    setAnswers(new Map());
    setBusy(true);
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined && isOpen.current; name = waiting.shift()) {
        const answer = await checkNode(spec, name, plan);
        if (answer !== undefined) setAnswers((known) => new Map(known).set(answer.node, answer));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    setBusy(false);
  };
  const nodes = plan.nodes.map((node) => answers.get(node.node) ?? node);
  return { nodes, done: answers.size, total: touched.length, busy, run };
}

async function checkNode(spec: string, name: string, plan: Plan): Promise<PlanNode | undefined> {
  const planned = plan.nodes.find(({ node }) => node === name);
  try {
    const input = { spec, file: 'cluster.yaml', onNodes: true, nodes: [name] };
    const { nodes } = await call('spec.plan', input);
    return nodes.find(({ node }) => node === name);
  } catch (thrown) {
    return planned && { ...planned, note: ApiError.from(thrown).message };
  }
}

/** What nodes would refuse, as `node service/step` and the reason. */
export function problemsOf(
  nodes: readonly PlanNode[],
): readonly { readonly where: string; readonly problem: string }[] {
  return nodes.flatMap(({ node, differences }) =>
    differences
      .filter(({ problem }) => problem !== '')
      .map(({ service, step, problem }) => ({ where: `${node} ${service}/${step}`, problem })),
  );
}

/** The button that asks the nodes, how far they are, and what they would refuse. */
export function NodeCheckPanel({ check, disabled }: { check: NodeCheck; disabled: boolean }): JSX.Element {
  const { done, total, busy, nodes, run } = check;
  const problems = problemsOf(nodes);
  const silent = nodes.filter(({ note }) => note !== '');
  return (
    <div class="node-check">
      <div class="node-check-head">
        <button
          type="button"
          class="button"
          disabled={disabled || busy || total === 0}
          onClick={() => void run()}
        >
          {busy ? 'Checking …' : 'Check on the nodes'}
        </button>
        <span class="muted" role="status">
          {(busy || done > 0) && `${done} of ${count(total, 'node')} checked`}
          {!busy &&
            done > 0 &&
            done === total &&
            problems.length === 0 &&
            silent.length === 0 &&
            '; none would refuse it'}
        </span>
      </div>
      {busy && <progress max={total} value={done} aria-label="Nodes checked" />}
      {silent.map(({ node, note }) => (
        <p key={node} class="muted">
          {node}: {note}
        </p>
      ))}
      {problems.length > 0 && (
        <Notice
          tone="warn"
          urgent
          title={`${count(problems.length, 'refusal')} on the nodes: the rollout would stop there`}
        >
          {problems.map(({ where, problem }) => (
            <div key={where}>
              <code>{where}</code>
              <Scrollable class="output" label={`Why ${where} would be refused`}>
                {problem}
              </Scrollable>
            </div>
          ))}
        </Notice>
      )}
    </div>
  );
}
