import type { StatSeries } from '@shoal/common';
import { formatBytes, formatNumber, formatPercent } from '../lib/format.js';

/** What one chart shows: some metrics on one scale. */
export interface ChartGroup {
  readonly title: string;
  readonly series: readonly { readonly label: string; readonly points: StatSeries['points'] }[];
  readonly format: (value: number) => string;
  /** Upper end of the scale that is shown at least. */
  readonly least: number;
}

interface Rule {
  readonly title: string;
  /** Metric name to label, in the order of their lines. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly format: (value: number) => string;
  readonly least: number;
  /** Metric that tells the whole of which this is a part; its last value is the upper end. */
  readonly whole?: string;
}

const perSecond = (value: number) => `${formatNumber(value)}/s`;
const milliseconds = (seconds: number) =>
  seconds >= 1 ? `${formatNumber(seconds)} s` : `${formatNumber(seconds * 1000)} ms`;

const hostRules: readonly Rule[] = [
  { title: 'CPU', metrics: { 'cpu.used': 'used' }, format: formatPercent, least: 0.2 },
  {
    title: 'Memory',
    metrics: { 'memory.used_bytes': 'used' },
    format: formatBytes,
    least: 1,
    whole: 'memory.total_bytes',
  },
  {
    title: 'Network',
    metrics: { 'net.rx_bytes_per_s': 'received', 'net.tx_bytes_per_s': 'sent' },
    format: (value) => `${formatBytes(value)}/s`,
    least: 1000,
  },
  { title: 'Load', metrics: { 'load.1m': '1 min', 'load.5m': '5 min' }, format: formatNumber, least: 0.5 },
];

/** A service's counter of requests: `service.<service>.requests_total`, or a Prometheus name that ends so. */
const requestCounter = /^service\.(.+)\.\w*requests_total$/;

/** Requests a second by a service's access log. */
const trafficRate = /^service\.(.+)\.requests_per_s$/;

/** The charts of one node: those of the host that have samples, then each service's traffic. */
export function chartGroups(series: readonly StatSeries[]): readonly ChartGroup[] {
  const byMetric = new Map(series.map((one) => [one.metric, one.points]));
  const groups = hostRules.flatMap((rule) => {
    const found = Object.entries(rule.metrics).flatMap(([metric, label]) => {
      const points = byMetric.get(metric);
      return points === undefined ? [] : [{ label, points }];
    });
    const whole = rule.whole === undefined ? undefined : byMetric.get(rule.whole)?.at(-1)?.[1];
    const least = whole ?? rule.least;
    return found.length === 0 ? [] : [{ title: rule.title, series: found, format: rule.format, least }];
  });
  const services = [
    ...new Set([...byMetric.keys()].flatMap((metric) => trafficRate.exec(metric)?.[1] ?? [])),
  ];
  return [
    ...groups,
    ...services.flatMap((service) => trafficGroups(service, byMetric)),
    ...requestGroups(series, new Set(services)),
  ];
}

/** What a service's access log tells of its traffic: requests, the share that failed, how long they took. */
function trafficGroups(
  service: string,
  byMetric: ReadonlyMap<string, StatSeries['points']>,
): readonly ChartGroup[] {
  const lines = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).flatMap(([name, label]) => {
      const points = byMetric.get(`service.${service}.${name}`);
      return points === undefined ? [] : [{ label, points }];
    });
  const groups = [
    {
      title: `Requests, ${service}`,
      series: lines({ requests_per_s: 'requests' }),
      format: perSecond,
      least: 1,
    },
    {
      title: `Errors, ${service}`,
      series: lines({ error_rate: 'errors' }),
      format: formatPercent,
      least: 0.05,
    },
    {
      title: `Latency, ${service}`,
      series: lines({ latency_p50_s: 'p50', latency_p95_s: 'p95' }),
      format: milliseconds,
      least: 0.01,
    },
  ];
  return groups.filter((group) => group.series.length > 0);
}

/** The requests of services that count them themselves, and whose log doesn't tell of them. */
function requestGroups(series: readonly StatSeries[], told: ReadonlySet<string>): readonly ChartGroup[] {
  return series.flatMap(({ metric, points }) => {
    const service = requestCounter.exec(metric)?.[1];
    if (service === undefined || told.has(service)) return [];
    return [
      {
        title: `Requests, ${service}`,
        series: [{ label: 'requests', points: rates(points) }],
        format: perSecond,
        least: 1,
      },
    ];
  });
}

/** A counter's growth per second; no point where it went back (its process was started anew). */
export function rates(points: StatSeries['points']): StatSeries['points'] {
  return points.flatMap(([at, value], index) => {
    const before = points[index - 1];
    if (before === undefined || value < before[1] || at <= before[0]) return [];
    return [[at, ((value - before[1]) * 1000) / (at - before[0])] as const];
  });
}
