import t from 'tap';
import { timeLeft } from './time-left.js';

const hour = 3_600_000;
const day = 24 * hour;

t.test('what is left is never told longer than it is, in the unit that says most', async (t) => {
  const told = (ms: number): string => timeLeft(ms, 0);
  t.same([365 * day - 1, 2 * day, 2 * day - 1, 5.9 * hour, hour - 1, 61_000, 59_999, 1].map(told), [
    '364 d left',
    '2 d left',
    '47 h left',
    '5 h left',
    '59 min left',
    '1 min left',
    '59 s left',
    '1 s left',
  ]);
  t.same([0, -10_500, -90 * 60_000, -3.9 * day].map(told), [
    'ended 1 s ago',
    'ended 10 s ago',
    'ended 1 h ago',
    'ended 3 d ago',
  ]);
});
