import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerJob } from './chaos-pool.js';
import { playSeed } from './seed-report.js';

const job = workerData as WorkerJob;
const port = parentPort;

port?.on('message', (message: number | 'end') => {
  if (message === 'end') port.close();
  else port.postMessage(playSeed(message, job.size, job.deathMs));
});
