import t from 'tap';
import { plantedFaults } from './planted-faults.js';
import { playHistory } from './play.js';
import type { OpenBook } from './sim-agent.js';

t.test('no lease outlives its term, none ends early, every contact restores', (t) => {
  let restored = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const played = playHistory(seed);
    restored += played.restored;
    if (played.violation !== undefined)
      t.fail(`${played.violation}; replay: npm run simulate -- lease --seed ${seed}`);
  }
  t.ok(restored > 50, 'nodes degrade in many of them, and come back');
  t.end();
});

t.test('a seed plays the same each time', (t) => {
  t.strictSame(playHistory(7, { trace: true }), playHistory(7, { trace: true }));
  t.end();
});

t.test('agents that are wrong about their lease are found out', (t) => {
  for (const { fault, open, verdict } of plantedFaults) {
    const found = firstViolation(200, open);
    t.match(found, verdict, fault);
  }
  t.end();
});

/** What is found first in so many histories. */
function firstViolation(seeds: number, open: OpenBook): string {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violation } = playHistory(seed, { open });
    if (violation !== undefined) return violation;
  }
  return `nothing in ${seeds} histories`;
}
