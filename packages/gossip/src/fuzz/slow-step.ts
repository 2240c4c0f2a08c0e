import { BrokenRule } from './door.js';

/** A step took too long; that may also be the collector's doing, so it counts only if it happens again. */
export class SlowStep extends BrokenRule {
  override readonly name: string = 'SlowStep';
}
