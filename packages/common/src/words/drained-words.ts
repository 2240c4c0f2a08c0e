import type { DrainedNode } from '../api/views.js';
import { listed } from './listed.js';

/** What a rollout does with nodes that operators have drained: a sentence in the middle of a line; undefined: none is. */
export function drainedWords(drained: readonly Pick<DrainedNode, 'node' | 'services'>[]): string | undefined {
  if (drained.length === 0) return undefined;
  const names = drained.map(({ node, services }) =>
    services.includes('*') ? node : `${node} (${services.join(', ')})`,
  );
  const [who, stay] = drained.length === 1 ? ['it is', 'stays'] : ['they are', 'stay'];
  return `drained by an operator: ${listed(names, 8)}; ${who} changed as any other, and ${stay} drained`;
}
