import { type Failure, median, type PeerComparison } from './gossip-comparison.js';
import { runIsolated } from './gossip-isolation.js';
import { compared, gossipInput, installedSerf } from './gossip-options.js';
import type { Pair } from './gossip-setup.js';
import type { BenchOptions } from './main.js';
import type { Figure, Report } from './report.js';
import { machine } from './report.js';

const mebibyte = 1024 * 1024;
type Result = Pair<PeerComparison> & { readonly bareNodeBytes: number };

/** Members of our gossip beside as many real serf agents in the same run: how soon a failure is known, and what idleness costs. */
export async function gossip(options: BenchOptions): Promise<Report> {
  const input = gossipInput(options, 60);
  const serf = installedSerf();
  const result = await runIsolated<Result>('./gossip-worker.js', { kind: 'comparison', ...input });
  return {
    benchmark: 'gossip',
    date: new Date().toISOString(),
    machine: machine(),
    versions: { shoal: options.version, serf },
    setup: {
      'members of each': input.nodes,
      settings: input.profile,
      encrypted: String(input.encrypted),
      'trials of each failure': input.trials,
      'idle for (s)': input.seconds,
      seed: input.seed,
    },
    figures: [
      ...detectionFigures(result, 'crash', 'kill -9'),
      ...detectionFigures(result, 'freeze', 'SIGSTOP'),
      compared('members called dead wrongly', '', result, (peer) => peer.falseDeaths, 1),
      ...idleFigures(result),
      { name: 'bare Node, resident', value: result.bareNodeBytes / mebibyte, unit: 'MiB' },
    ],
  };
}

function detectionFigures(result: Result, failure: Failure, how: string): Figure[] {
  const figure = (name: string, of: (peer: PeerComparison) => number, aim?: number): Figure =>
    compared(`${how}: ${name}`, 's', result, of, aim);
  const all = (peer: PeerComparison, key: 'suspected' | 'first' | 'last'): number[] =>
    peer.detections[failure].map((detection) => detection[key]);
  return [
    figure('first suspected, median', (peer) => median(all(peer, 'suspected'))),
    figure('dead for the first, median', (peer) => median(all(peer, 'first'))),
    figure('dead for all, median', (peer) => median(all(peer, 'last')), 0.5),
    figure('dead for all, worst', (peer) => Math.max(...all(peer, 'last'))),
  ];
}

function idleFigures(result: Result): Figure[] {
  const figure = (name: string, unit: string, of: (peer: PeerComparison) => number, aim?: number): Figure =>
    compared(`idle: ${name}`, unit, result, of, aim);
  return [
    figure('traffic', 'B/s', ({ idle }) => idle.udpBytesPerSecond + idle.tcpBytesPerSecond, 1),
    figure('of it UDP', 'B/s', ({ idle }) => idle.udpBytesPerSecond),
    figure('of it TCP', 'B/s', ({ idle }) => idle.tcpBytesPerSecond),
    figure('packets', '/s', ({ idle }) => idle.packetsPerSecond),
    figure('processor', '% of a core', ({ idle }) => idle.cpu * 100),
    figure('resident', 'MiB', ({ idle }) => idle.residentBytes / mebibyte),
  ];
}
