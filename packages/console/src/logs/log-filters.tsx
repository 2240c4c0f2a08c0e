import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import type { LogFilter } from './log-follower.js';

interface LogFiltersProps {
  readonly filter: LogFilter;
  readonly fixedNode: boolean;
  readonly onChange: (filter: LogFilter) => void;
}

/** Sources that blueprints name; others can be typed. */
const commonSources = ['access', 'error', 'journal', 'stdout'];
const typingPauseMs = 450;

/** Which lines are asked for. Typed texts take effect after a pause in typing, or at once by Enter. */
export function LogFilters({ filter, fixedNode, onChange }: LogFiltersProps): JSX.Element {
  const nodes = useStore(cluster, (state) => state.nodes);
  const views = fixedNode
    ? [...nodes.values()].filter(({ name }) => name === filter.node)
    : [...nodes.values()];
  const services = [...new Set(views.flatMap((view) => view.services.map(({ service }) => service)))].sort();
  return (
    <form class="log-filters" aria-label="Filter the log lines" onSubmit={(event) => event.preventDefault()}>
      {!fixedNode && (
        <Choice
          label="Node"
          every="all nodes"
          value={filter.node}
          values={[...nodes.keys()].sort()}
          onChange={(node) => onChange({ ...filter, node })}
        />
      )}
      <Choice
        label="Service"
        every="all services"
        value={filter.service}
        values={services}
        onChange={(service) => onChange({ ...filter, service })}
      />
      <Choice
        label="Source"
        every="all sources"
        value={filter.source}
        values={commonSources}
        onChange={(source) => onChange({ ...filter, source })}
      />
      <Grep value={filter.grep} onChange={(grep) => onChange({ ...filter, grep })} />
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  /** Words for no restriction. */
  readonly every: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, every, value, values, onChange }: ChoiceProps): JSX.Element {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{every}</option>
      {values.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Grep({ value, onChange }: { value: string; onChange: (value: string) => void }): JSX.Element {
  const id = useId();
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed), typingPauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <>
      <label class="visually-hidden" for={id}>
        Pattern
      </label>
      <input
        id={id}
        type="search"
        class="mono grow"
        placeholder="regular expression"
        spellcheck={false}
        autocomplete="off"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && typed !== value && onChange(typed)}
      />
    </>
  );
}
