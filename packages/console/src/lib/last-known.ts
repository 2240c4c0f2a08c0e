import type { NodeView } from '@shoal/common';

type Verdicts = Readonly<Record<'well' | 'restored' | 'failed' | 'nothing' | 'otherwise', string>>;

const verdicts: Readonly<Record<'present' | 'past', Verdicts>> = {
  present: {
    well: 'It runs what it shall',
    restored: 'It runs what it shall: after the failure it was put back on its last good configuration',
    failed: 'What it shall run failed here; it stays on its last good configuration',
    nothing: 'It runs nothing of the cluster yet',
    otherwise: 'It doesn’t run yet what it shall',
  },
  past: {
    well: 'It ran what it should',
    restored: 'It ran what it should: after the failure it had been put back on its last good configuration',
    failed: 'What it shall run had failed here; it stayed on its last good configuration',
    nothing: 'It ran nothing of the cluster yet',
    otherwise: 'It didn’t run yet what it shall',
  },
};

/** What a node's three hashes say together, without a full stop; in the past tense when it has no link: what is so now, nobody knows. */
export function verdict({ connected, desired, running, failed }: NodeView): string {
  if (desired === null) return 'Nothing is desired of this node yet';
  const words = verdicts[connected ? 'present' : 'past'];
  if (running?.hash === desired.hash) return failed === null ? words.well : words.restored;
  if (failed?.hash === desired.hash) return words.failed;
  return running === null ? words.nothing : words.otherwise;
}

/** What the gossip says of a node without a link; undefined for one that has one. */
export function withoutLink({
  connected,
  member,
}: Pick<NodeView, 'connected' | 'member'>): string | undefined {
  if (connected) return undefined;
  if (member === null) return 'No link to the agent, and the gossip doesn’t know the node';
  if (member === 'left') return 'No link to the agent, and the gossip says left: it was stopped in order';
  if (member === 'dead') return 'No link to the agent, and the gossip says dead: it stopped answering';
  return `No link to the agent, but the gossip says ${member}`;
}
