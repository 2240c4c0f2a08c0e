import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useStore } from '../state/store.js';
import { theme } from '../state/theme.js';
import type { ChartGroup } from './chart-groups.js';

const height = 112;

/** A small chart over time. The last value stands beside the title, so that nothing is told by the drawing alone. */
export function Chart({ group, from, to }: { group: ChartGroup; from: number; to: number }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shownTheme = useStore(theme);
  const shape = group.series.map(({ label }) => label).join();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const made = new uPlot(options(group, element), [[]], element);
    element.style.color = '';
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shape, shownTheme]);
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(align(group), false);
      plot.current?.setScale('x', { min: from / 1000, max: to / 1000 });
    });
  }, [group, from, to, shape, shownTheme]);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{group.title}</span>
        <span class="chart-values">
          {group.series.map(({ label, points }, index) => (
            <span key={label} class={`chart-value line-${index}`}>
              {group.series.length > 1 && <span class="chart-label">{label}</span>} {last(points, group)}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={frame} class="chart-frame" aria-hidden="true" />
    </figure>
  );
}

function last(points: ChartGroup['series'][number]['points'], group: ChartGroup): string {
  const point = points.at(-1);
  return point === undefined ? '–' : group.format(point[1]);
}

/** The lines over one common axis of time, in seconds; null where a line has no point. */
function align(group: ChartGroup): uPlot.AlignedData {
  const times = [...new Set(group.series.flatMap(({ points }) => points.map(([at]) => at)))].sort(
    (a, b) => a - b,
  );
  const lines = group.series.map(({ points }) => {
    const values = new Map(points);
    return times.map((at) => values.get(at) ?? null);
  });
  return [times.map((at) => at / 1000), ...lines];
}

function options(group: ChartGroup, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  // A canvas needs the color itself, which the browser works out where it is used as one.
  const color = (name: string) => {
    element.style.color = `var(${name})`;
    return getComputedStyle(element).color;
  };
  const axis = {
    stroke: color('--chart-text'),
    font: `11px ${style.fontFamily}`,
    ticks: { show: false },
    grid: { stroke: color('--chart-grid'), width: 1 },
  };
  return {
    width: Math.max(element.clientWidth, 100),
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true },
      y: { range: (_, __, max) => [0, Math.max((max ?? 0) * 1.1, group.least)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        space: 70,
        grid: { show: false },
        values: (_, splits) => splits.map(hourAndMinute),
      },
      { ...axis, size: 62, space: 28, values: (_, splits) => splits.map(group.format) },
    ],
    series: [
      {},
      ...group.series.map(({ label }, index) => ({
        label,
        stroke: color(`--line-${index}`),
        width: 1.5,
        points: { show: false },
        ...(group.series.length === 1 ? { fill: color(`--fill-${index}`) } : {}),
      })),
    ],
  };
}

function hourAndMinute(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
