import { drainedWords } from '@shoal/common/words';
import type { JSX } from 'preact';
import { sentence } from '../lib/format.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Notice } from './notice.js';

/** Says which nodes operators have drained, before a rollout begins. `among`: the nodes that it would change; left out: any. */
export function DrainedNodes({ among }: { among?: readonly string[] }): JSX.Element | null {
  const drained = useStore(cluster, (state) => state.status?.drained) ?? [];
  const words = drainedWords(drained.filter(({ node }) => among?.includes(node) ?? true));
  if (words === undefined) return null;
  return (
    <Notice tone="warn" title="Drained nodes">
      <p>{sentence(words)}</p>
    </Notice>
  );
}
