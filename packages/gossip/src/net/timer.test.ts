import { test } from 'tap';
import { doneWithin } from './deadline.js';
import { startInterval, startTimer } from './timer.js';

test('a wait beyond what timers of Node know is long, not over at once', async (t) => {
  const early: string[] = [];
  const long = [
    startTimer(() => early.push('timer'), 1e10),
    startTimer(() => early.push('endless'), Number.POSITIVE_INFINITY),
    startInterval(() => early.push('interval'), 1e10),
  ];
  t.teardown(() => {
    for (const timer of long) clearTimeout(timer);
  });
  await new Promise<void>((resolve) => startTimer(resolve, 20));
  t.same(early, []);
  const slow = new Promise<void>((resolve) => startTimer(resolve, 20));
  t.equal(await doneWithin(slow, Number.POSITIVE_INFINITY), true);
});
