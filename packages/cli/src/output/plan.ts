import type { Plan } from '@shoal/common';
import { blueprintLines, changeLines } from './changes.js';
import { plannedNodesText } from './planned-nodes.js';
import { plannedRolloutText } from './planned-rollout.js';
import { type Palette, printable } from './text.js';

function secretLine({ name, services }: Plan['secrets'][number], paint: Palette): string {
  return `${paint.warn(`~ secret ${printable(name)}`)}: new value (${services.map(printable).join(', ')})\n`;
}

/** What a spec would change, for people: values, blueprints, secrets, the rollout, nodes with what a dry run (`onNodes`) found. */
export function planText(
  plan: Plan,
  paint: Palette,
  { onNodes = false }: { readonly onNodes?: boolean } = {},
): string {
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
    plannedNodesText(plan.nodes, paint, onNodes),
  ].join('');
}
