import { Worker } from 'node:worker_threads';
import type { ChaosSize } from '../chaos/plan.js';
import type { SeedReport } from './seed-report.js';

/** Which seeds to play, and how. */
export interface PoolOptions {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly size: ChaosSize;
  /** Bound on the detection of a death instead of the one from the parameters, virtual ms. */
  readonly deathMs: number | undefined;
  /** Hears of each seed as it ends, in any order. */
  readonly onReport: (report: SeedReport) => void;
}

/** What a worker is told at its start. */
export type WorkerJob = Pick<PoolOptions, 'size' | 'deathMs'>;

/** Plays many seeds on several threads; each takes the next seed when it is done with one. */
export async function playSeeds(options: PoolOptions): Promise<void> {
  const { from, seeds, workers, size, deathMs } = options;
  const job: WorkerJob = { size, deathMs };
  let next = from;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./chaos-worker.js', import.meta.url), { workerData: job });
      const giveNext = (): void => worker.postMessage(next < from + seeds ? next++ : 'end');
      worker.on('message', (report: SeedReport) => {
        options.onReport(report);
        giveNext();
      });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
      giveNext();
    });
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, work));
}
