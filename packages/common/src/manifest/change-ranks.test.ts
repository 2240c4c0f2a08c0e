import t from 'tap';
import type { Spec } from '../spec/spec.js';
import { changeRanks } from './change-ranks.js';

t.test('a node that loses what others needed comes after them all', async (t) => {
  const places = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, site: 's' }));
  const service = (nodes: readonly string[], needs: readonly string[] = []) => ({
    blueprint: 'web',
    nodes,
    needs,
  });
  const three = { db: service(['a']), api: service(['b'], ['db']), web: service(['c'], ['api']) };
  const ranks = (before: Spec['services'], after: Spec['services']) =>
    Object.fromEntries(changeRanks(before, after, places));
  t.strictSame(ranks(three, three), { a: 0, b: 1, c: 2, d: 0, e: 0 }, 'nothing goes');
  t.strictSame(ranks({}, three), ranks(three, three), 'what comes');
  t.strictSame(ranks(three, { web: service(['e']) }), { a: 2, b: 1, c: 0, d: 0, e: 0 }, 'what goes');
  const moved = { ...three, db: service(['d']) };
  t.strictSame(
    ranks(three, moved),
    { a: 3, b: 1, c: 2, d: 0, e: 0 },
    'what moves goes when all can do without',
  );
});
