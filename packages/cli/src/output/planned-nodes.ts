import type { PlanNode } from '@shoal/common';
import { diffText } from './changes.js';
import { namedNodes } from './planned-rollout.js';
import { type Palette, printable } from './text.js';

function differenceText(d: PlanNode['differences'][number], paint: Palette): string {
  const text = diffText(d.difference.trimEnd(), paint).replace(/^/gm, '      ');
  const [refusal = '', ...said] = d.problem.trimEnd().split('\n');
  const words = said
    .filter((line) => !refusal.includes(line.trim()))
    .map((line) => `        ${printable(line)}\n`)
    .join('');
  const problem = refusal === '' ? '' : `      ${paint.bad('refused')}: ${printable(refusal)}\n${words}`;
  return `    ${paint.bold(`${d.service}/${d.step}`)}\n${d.difference === '' ? '' : `${text}\n`}${problem}`;
}

/** All of a node but its name. */
function nodeText(n: PlanNode, paint: Palette, isAsked: boolean): string {
  const services = n.services.length === 0 ? '' : ` (${n.services.join(', ')})`;
  const isTouched = isAsked && n.action !== 'same' && n.note === '' && n.differences.length === 0;
  const said = isTouched ? 'nothing differs on the host' : n.note;
  const refused =
    n.refused === ''
      ? ''
      : `    ${paint.bad('refused this before')}: ${printable(n.refused).trimEnd().replaceAll('\n', '\n      ')}\n`;
  const differences = n.differences.map((d) => differenceText(d, paint)).join('');
  return `${n.action}${services}${said === '' ? '' : `  ${paint.dim(said)}`}\n${refused}${differences}`;
}

interface Group {
  readonly nodes: PlanNode[];
  /** With `{node}` for a directory of the node's name: where nodes share a host, their paths differ by it alone. */
  readonly text: string;
}

function isRefused({ refused, differences }: PlanNode): boolean {
  return refused !== '' || differences.some(({ problem }) => problem !== '');
}

/** What would change on nodes, those together where just the same would; first where it is, or was, refused. `isAsked`: they were asked what differs there. */
export function plannedNodesText(nodes: readonly PlanNode[], paint: Palette, isAsked: boolean): string {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const text = nodeText(node, paint, isAsked).replaceAll(`/${node.node}/`, '/{node}/');
    const group = groups.get(text) ?? { nodes: [], text };
    group.nodes.push(node);
    groups.set(text, group);
  }
  const isFirst = (group: Group): boolean => group.nodes.some(isRefused);
  return [...groups.values()]
    .toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
    .map((group) => {
      const [node, ...others] = group.nodes;
      const isAlone = node !== undefined && others.length === 0;
      const text = isAlone ? nodeText(node, paint, isAsked) : group.text;
      return `  ${namedNodes(group.nodes.map((n) => n.node))}: ${text}`;
    })
    .join('');
}
