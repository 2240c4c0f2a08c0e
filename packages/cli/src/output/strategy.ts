import { type RolloutPolicy, type RolloutStrategy, rolloutStrategies, strategyWords } from '@shoal/common';
import { Option } from 'commander';

/** `--strategy` of the commands that begin a rollout. */
export function strategyOption(): Option {
  return new Option(
    '--strategy <strategy>',
    'how this rollout goes, instead of what the spec says; the revision keeps its text',
  ).choices([...rolloutStrategies]);
}

/**
 * How the rollout of a revision that is restored will go, a line: `strategy canary from revision 16: waits for promotion after node-1`. `asked`: the strategy
 * that it shall have instead.
 */
export function strategyLine(
  rollout: RolloutPolicy = {},
  revision: number,
  asked?: RolloutStrategy | undefined,
): string {
  const { strategy: own = 'one-by-one' } = rollout;
  const strategy = asked ?? own;
  const from = strategy === own ? `from revision ${revision}` : `as asked (revision ${revision} says ${own})`;
  return `strategy ${strategy} ${from}: ${wayOf(strategy, rollout)}\n`;
}

function wayOf(strategy: RolloutStrategy, { batch = '25%', canary = {} }: RolloutPolicy): string {
  switch (strategy) {
    case 'one-by-one':
    case 'all-at-once':
      return strategyWords(strategy);
    case 'batches':
      return `batches of ${countWords(batch)}`;
    case 'canary': {
      const { nodes = 1, promote = 'manual' } = canary;
      const first = typeof nodes === 'object' ? nodes.join(', ') : `the first ${countWords(nodes)}`;
      return promote === 'manual'
        ? `waits for promotion after ${first}`
        : `goes on by itself once ${first} ran it in health for ${promote}`;
    }
  }
}

function countWords(count: number | string): string {
  if (count === 1) return 'node';
  return typeof count === 'number' ? `${count} nodes` : `${count} of the nodes`;
}
