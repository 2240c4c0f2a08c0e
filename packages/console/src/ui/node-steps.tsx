import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useQuery } from '../lib/use-query.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { mergeSteps, Steps } from './steps.js';

/** A node's steps: those of the rollout that it was last offered, then what comes live. */
export function NodeSteps({ node, revision }: { node: string; revision: number | undefined }): JSX.Element {
  const live = useStore(cluster, (state) => state.steps);
  const { data } = useQuery(
    async (signal) =>
      revision === undefined ? [] : (await call('rollout.get', { revision }, signal)).events,
    [node, revision],
  );
  const events = useMemo(() => {
    const own = [data ?? [], live].map((list) => list.filter((event) => event.node === node));
    return mergeSteps(own[0] ?? [], own[1] ?? []);
  }, [data, live, node]);
  return <Steps events={events} label={`Steps on ${node}`} />;
}
