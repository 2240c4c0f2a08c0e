import type { RolloutStrategy } from '@shoal/common';
import { strategyWords } from '@shoal/common/words';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { capitalized } from '../lib/format.js';

const strategies: readonly RolloutStrategy[] = ['one-by-one', 'batches', 'canary', 'all-at-once'];

interface StrategyFieldProps {
  /** undefined: the spec's. */
  readonly value: RolloutStrategy | undefined;
  readonly onChange: (value: RolloutStrategy | undefined) => void;
  /** Where the strategy stands when none is chosen, and which it is where that is known. */
  readonly own: string;
}

/** Asks how a rollout shall go, this once. */
export function StrategyField({ value, onChange, own }: StrategyFieldProps): JSX.Element {
  const id = useId();
  const choose = (chosen: string) => onChange(strategies.find((strategy) => strategy === chosen));
  return (
    <div class="field">
      <label for={id}>Strategy</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={(event) => choose(event.currentTarget.value)}
        aria-describedby={`${id}-hint`}
      >
        <option value="">{own}</option>
        {strategies.map((strategy) => (
          <option key={strategy} value={strategy}>
            {capitalized(strategyWords(strategy))}
          </option>
        ))}
      </select>
      <p id={`${id}-hint`} class="hint">
        {value === undefined
          ? 'Of this rollout alone; the revision keeps its text'
          : 'Instead of what the spec says, for this rollout alone; sizes of batches and canary are the spec’s'}
      </p>
    </div>
  );
}
