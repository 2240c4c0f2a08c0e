import { type LogLine, ShoalError } from '@shoal/common';
import type { ControllerServices } from '../services.js';
import type { OperationTable } from './definition.js';
import { array, count, described, flag, object, options, time, view, word } from './schema.js';

/** Longest regular expression, in characters. */
const longestPattern = 500;

const logFilter = {
  node: described(word, 'only lines of this node'),
  service: described(word, 'only lines of this service'),
  source: described(
    word,
    'only lines of this source, as the blueprint names it: access, error, journal, stdout',
  ),
  grep: described(
    { type: 'string', minLength: 1, maxLength: longestPattern },
    'regular expression that the line must match, as it was written or, of an access log, in its short form (`200 GET /`); `(?i)` at its start ignores case',
  ),
  since: described(time, 'ms since the epoch, inclusive'),
};

function checkRange(since: number | undefined, until: number | undefined): void {
  if (since === undefined || until === undefined || since <= until) return;
  const message = `found since ${since} after until ${until}, expected since before until`;
  throw new ShoalError('invalid_input', message, { problems: [{ path: '/since', message }] });
}

/** A node that was taken out may have left lines or samples. @throws ShoalError `not_found` for one that is unknown and left no lines */
async function refuseUnknownNode(
  node: string | undefined,
  { nodes, logs }: Pick<ControllerServices, 'nodes' | 'logs'>,
): Promise<void> {
  if (node === undefined) return;
  try {
    nodes.get(node);
  } catch (unknown) {
    const { lines } = await logs.search({ node, limit: 1 });
    if (lines.length === 0) throw unknown;
  }
}

async function* follow(
  query: Parameters<ControllerServices['logs']['follow']>[0],
  services: ControllerServices,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  await refuseUnknownNode(query.node, services);
  yield* services.logs.follow(query, signal);
}

type TelemetryOperations = Pick<OperationTable, 'log.search' | 'log.watch' | 'stat.query' | 'stat.latest'>;

/** What the nodes sent: log lines and samples. */
export const telemetryOperations: TelemetryOperations = {
  'log.search': {
    name: 'log.search',
    summary: 'Log lines of all nodes, oldest first; the newest of what matches',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/logs' },
    input: options({
      ...logFilter,
      until: described(time, 'ms since the epoch, inclusive'),
      limit: described(count(1, 10_000, 200), 'most lines to give'),
    }),
    output: object({ lines: array(view('LogLine')), truncated: flag }),
    run: async (input, { services }) => {
      checkRange(input.since, input.until);
      await refuseUnknownNode(input.node, services);
      return services.logs.search({ limit: 200, ...input });
    },
  },
  'log.watch': {
    name: 'log.watch',
    summary: 'The last lines, then new ones as they come',
    role: 'viewer',
    stream: true,
    http: { method: 'GET', path: '/logs/watch' },
    input: options({ ...logFilter, backlog: described(count(0, 10_000, 20), 'lines to begin with') }),
    output: view('LogLine'),
    watch: (input, { services, signal }) => follow({ backlog: 20, ...input }, services, signal),
  },
  'stat.query': {
    name: 'stat.query',
    summary: 'Series of metrics, averaged to a bounded number of points',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/stats' },
    input: options({
      node: described(word, 'only this node'),
      metrics: described(array(word, { maxItems: 100 }), 'default: every metric'),
      since: described(time, 'default: an hour before `until`'),
      until: described(time, 'default: now'),
      points: described(count(1, 5000, 360), 'most points a series'),
    }),
    output: object({ series: array(view('StatSeries')) }),
    run: async (input, { services }) => {
      checkRange(input.since, input.until);
      return { series: await services.stats.query({ points: 360, ...input }) };
    },
  },
  'stat.latest': {
    name: 'stat.latest',
    summary: 'The newest sample of each node',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/stats/latest' },
    input: options({ node: described(word, 'only this node') }),
    output: object({ nodes: array(view('LatestSample')) }),
    run: async ({ node }, { services }) => {
      const nodes = services.stats.latest(node);
      if (nodes.length === 0) await refuseUnknownNode(node, services);
      return { nodes };
    },
  },
};
