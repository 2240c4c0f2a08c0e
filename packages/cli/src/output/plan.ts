import type { Plan, PlanNode } from '@shoal/common';
import { blueprintLines, changeLines, diffText } from './changes.js';
import { plannedRolloutText } from './planned-rollout.js';
import { type Palette, printable } from './text.js';

function planNode(n: PlanNode, paint: Palette): string {
  const services = n.services.length === 0 ? '' : ` (${n.services.join(', ')})`;
  const note = n.note === '' ? '' : `  ${paint.dim(n.note)}`;
  const differences = n.differences
    .map((d) => {
      const text = diffText(d.difference.trimEnd(), paint).replace(/^/gm, '      ');
      const [refusal = '', ...said] = d.problem.trimEnd().split('\n');
      const words = said
        .filter((line) => !refusal.includes(line.trim()))
        .map((line) => `        ${printable(line)}\n`)
        .join('');
      const problem = refusal === '' ? '' : `      ${paint.bad('refused')}: ${printable(refusal)}\n${words}`;
      return `    ${paint.bold(`${d.service}/${d.step}`)}\n${d.difference === '' ? '' : `${text}\n`}${problem}`;
    })
    .join('');
  const refused =
    n.refused === ''
      ? ''
      : `    ${paint.bad(`${n.node} refused this`)}: ${printable(n.refused).trimEnd().replaceAll('\n', '\n      ')}\n`;
  return `  ${n.node}: ${n.action}${services}${note}\n${refused}${differences}`;
}

function secretLine({ name, services }: Plan['secrets'][number], paint: Palette): string {
  return `${paint.warn(`~ secret ${printable(name)}`)}: new value (${services.map(printable).join(', ')})\n`;
}

/** What a spec would change, for people: values, blueprints, secrets, the rollout, nodes with what a dry run found. */
export function planText(plan: Plan, paint: Palette): string {
  const touched = plan.nodes.filter((n) => n.action !== 'same');
  const base = plan.against;
  const same =
    plan.changes.length === 0 &&
    plan.text === '' &&
    plan.blueprints.length === 0 &&
    plan.secrets.length === 0;
  const warnings = plan.warnings.map((w) => `${paint.warn('warning:')} ${printable(w)}\n`).join('');
  if (same && touched.length === 0) return `No changes: the spec is what runs.\n${warnings}`;
  return [
    // The newest revision may have failed: then the nodes run an earlier one.
    same ? `No changes against ${base}, but not all nodes run it.\n` : `Changes against ${base}:\n`,
    changeLines(plan.changes, paint),
    blueprintLines(plan.blueprints, paint),
    ...plan.secrets.map((s) => secretLine(s, paint)),
    warnings,
    plannedRolloutText(plan.rollout),
    `\nNodes: ${touched.length} of ${plan.nodes.length} would change\n`,
    ...plan.nodes.map((n) => planNode(n, paint)),
  ].join('');
}
