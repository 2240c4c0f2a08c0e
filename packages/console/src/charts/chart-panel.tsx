import type { StatSeries } from '@shoal/common';
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Section } from '../ui/page.js';
import { Chart } from './chart.js';
import { chartGroups } from './chart-groups.js';

const ranges = [
  { word: '15 min', ms: 15 * 60_000 },
  { word: '1 h', ms: 60 * 60_000 },
  { word: '6 h', ms: 6 * 60 * 60_000 },
  { word: '24 h', ms: 24 * 60 * 60_000 },
] as const;

const readEveryMs = 10_000;

interface Samples {
  readonly series: readonly StatSeries[];
  readonly from: number;
  readonly to: number;
}

/** A node's charts, read again as long as they are shown. */
export function ChartPanel({ node }: { node: string }): JSX.Element {
  const [range, setRange] = useState<number>(ranges[0].ms);
  const { samples, error } = useSamples(node, range);
  const groups = useMemo(() => (samples === undefined ? [] : chartGroups(samples.series)), [samples]);
  return (
    <Section title="Charts" aside={<Ranges range={range} onChange={setRange} />}>
      {error !== undefined && samples === undefined && <ErrorNotice error={error} />}
      {error === undefined && samples === undefined && <Loading what="the samples" />}
      {samples !== undefined && groups.length === 0 && (
        <p class="muted">
          No samples in this time. The agent sends them every few seconds while it is linked.
        </p>
      )}
      <div class="charts">
        {samples !== undefined &&
          groups.map((group) => (
            <Chart key={group.title} group={group} from={samples.from} to={samples.to} />
          ))}
      </div>
    </Section>
  );
}

function Ranges({ range, onChange }: { range: number; onChange: (ms: number) => void }): JSX.Element {
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Time shown</legend>
      {ranges.map(({ word, ms }) => (
        <button key={ms} type="button" aria-pressed={ms === range} onClick={() => onChange(ms)}>
          {word}
        </button>
      ))}
    </fieldset>
  );
}

function useSamples(
  node: string,
  range: number,
): { samples: Samples | undefined; error: ApiError | undefined } {
  const [samples, setSamples] = useState<Samples>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      if (document.hidden) return;
      const to = Date.now();
      const from = to - range;
      try {
        const { series } = await call(
          'stat.query',
          { node, since: from, until: to, points: 240 },
          abort.signal,
        );
        setSamples({ series, from, to });
        setError(undefined);
      } catch (thrown) {
        if (!abort.signal.aborted) setError(ApiError.from(thrown));
      }
    };
    void read();
    const timer = setInterval(() => void read(), readEveryMs);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [node, range]);
  return { samples, error };
}
