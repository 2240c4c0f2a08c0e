import { median } from './gossip-comparison.js';
import type { FreezeOutcome } from './gossip-freezes.js';
import { runIsolated } from './gossip-isolation.js';
import { compared, gossipInput, installedSerf } from './gossip-options.js';
import type { Pair } from './gossip-setup.js';
import type { PeerStress } from './gossip-stress-run.js';
import type { BenchOptions } from './main.js';
import type { Figure, Report } from './report.js';
import { machine } from './report.js';

/** Members of our gossip beside as many real serf agents, while half of the processor is burnt and some are frozen for seconds: who is called dead wrongly. */
export async function gossipStress(options: BenchOptions): Promise<Report> {
  const input = gossipInput(options, 600);
  const serf = installedSerf();
  const result = await runIsolated<Pair<PeerStress>>('./gossip-worker.js', { kind: 'stress', ...input });
  return {
    benchmark: 'gossip-stress',
    date: new Date().toISOString(),
    machine: machine(),
    versions: { shoal: options.version, serf },
    setup: {
      'members of each': input.nodes,
      settings: input.profile,
      encrypted: String(input.encrypted),
      'stressed for (s)': input.seconds,
      freezes: result.shoal.freezes.length,
      seed: input.seed,
    },
    figures: [...falseDeathFigures(result), ...freezeFigures(result)],
  };
}

function falseDeathFigures(result: Pair<PeerStress>): Figure[] {
  const figure = (name: string, of: (peer: PeerStress) => number, aim?: number): Figure =>
    compared(name, '', result, of, aim);
  return [
    figure('false deaths of healthy members', (peer) => peer.falseDeaths, 1),
    figure('as healthy members saw it', (peer) => peer.falseVerdictsOfHealthy, 1),
    figure('as members saw it that freeze', (peer) => peer.falseVerdictsOfFrozen, 1),
    figure('own probes that failed', (peer) => peer.failedProbes),
  ];
}

function freezeFigures(result: Pair<PeerStress>): Figure[] {
  const again = (peer: PeerStress): number[] =>
    peer.freezes.flatMap(({ aliveAgainMs }) => (aliveAgainMs === undefined ? [] : [aliveAgainMs / 1000]));
  const lengths = [1, 2, 4, 6].map((least, i, all) => {
    const below = all[i + 1] ?? 8.5;
    const within = ({ lengthMs }: FreezeOutcome): boolean =>
      lengthMs >= least * 1000 && lengthMs < below * 1000;
    const total = result.shoal.freezes.filter(within).length;
    return compared(
      `frozen for ${least} to ${Math.floor(below)} s (${total} times): called dead`,
      '',
      result,
      (peer) => peer.freezes.filter((freeze) => within(freeze) && freeze.dead).length,
    );
  });
  return [
    ...lengths,
    compared('thawed: alive for all again, median', 's', result, (peer) => median(again(peer))),
    compared('thawed: alive for all again, worst', 's', result, (peer) => Math.max(...again(peer))),
    compared('end: all alive for all', 's', result, (peer) => peer.wholeAgainMs / 1000),
  ];
}
