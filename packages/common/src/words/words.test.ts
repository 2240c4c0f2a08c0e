import { test } from 'tap';
import { drainedWords } from './drained-words.js';
import { listed } from './listed.js';

test('of many texts the first are named, and the others counted', async (t) => {
  t.equal(listed([], 2), '');
  t.equal(listed(['a', 'b'], 2), 'a, b');
  t.equal(listed(['a', 'b', 'c', 'd', 'e'], 2), 'a, b and 3 more');
  t.equal(listed(['a', 'b', 'c'], 2, '; '), 'a; b and 1 more');
});

test('what a rollout does with drained nodes is told of one and of several', async (t) => {
  t.equal(drainedWords([]), undefined);
  const a = { node: 'a', services: ['*'] };
  t.equal(drainedWords([a]), 'drained by an operator: a; it is changed as any other, and stays drained');
  t.equal(
    drainedWords([a, { node: 'b', services: ['web', 'api'] }]),
    'drained by an operator: a, b (web, api); they are changed as any other, and stay drained',
  );
});
