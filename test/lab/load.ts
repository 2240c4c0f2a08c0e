import type { LoadOptions } from '../load/report.js';
import { type Load, startLoad } from '../load/start-load.js';
import type { Lab } from './lab.js';

export { describeLoad, type LoadOptions, type LoadReport } from '../load/report.js';
export type { Load } from '../load/start-load.js';

/** Sends a constant load from inside the lab's network, until it is stopped. */
export function startLabLoad(lab: Lab, options: LoadOptions): Load {
  return startLoad(options, lab.fabric.enter());
}
