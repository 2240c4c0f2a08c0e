import t from 'tap';
import { playHistory } from './play.js';

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
