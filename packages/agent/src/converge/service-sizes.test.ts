import { t } from 'tap';
import type { CountedMember } from './service-sizes.js';
import { ServiceSizes, settleMs, staggerMs } from './service-sizes.js';

/** Members that run the gateway; `d`: it is being drained there. */
function members(names: string): CountedMember[] {
  return names.split(' ').map((word) => {
    const [name = '', mark] = word.split(':');
    return { name, services: { gateway: 'healthy' }, draining: mark === 'd' ? ['gateway'] : [] };
  });
}

/** Asks as one node, again and again, as its converger does. */
function asker(node: string) {
  const sizes = new ServiceSizes();
  let known: number | undefined;
  return (now: number, names: string) => {
    const answer = sizes.ask({ service: 'gateway', node, members: members(names), known, now });
    known = answer.size;
    return answer;
  };
}

t.test(
  'the first number is taken at once, and this node counts though the gossip does not show it',
  async (t) => {
    t.strictSame(asker('c')(0, 'a b'), { size: 3 });
    t.strictSame(asker('a')(0, 'a b c'), { size: 3 });
  },
);

t.test('a node that is back in time changes nothing', async (t) => {
  const ask = asker('a');
  ask(0, 'a b c');
  t.strictSame(ask(1000, 'a b'), { size: 3, againIn: settleMs });
  t.strictSame(ask(1000 + settleMs - 1, 'a b'), { size: 3, againIn: 1 });
  t.strictSame(ask(1000 + settleMs, 'a b c'), { size: 3 });
  t.strictSame(
    ask(2000 + settleMs, 'a b'),
    { size: 3, againIn: settleMs },
    'the next time counts from its own begin',
  );
  t.strictSame(ask(3000 + settleMs, 'a'), { size: 3, againIn: settleMs }, 'and so does another number');
});

t.test('nodes take a lasting change one after another, whoever restarts first being watched', async (t) => {
  const asks = ['a', 'b', 'd'].map((node) => ({ node, ask: asker(node) }));
  for (const { ask } of asks) ask(0, 'a b c d');
  const takenAt: Record<string, number> = {};
  let draining: string | undefined;
  for (let now = 1000; now < 1000 + settleMs + 5 * staggerMs; now += 1000) {
    // A restart takes longer than the time between two nodes: the next one has to wait for it.
    if (draining !== undefined && now - (takenAt[draining] ?? 0) > staggerMs + 20_000) draining = undefined;
    const names = ['a', 'b', 'd'].map((name) => (name === draining ? `${name}:d` : name)).join(' ');
    for (const { node, ask } of asks) {
      if (takenAt[node] !== undefined || ask(now, names).size !== 3) continue;
      t.equal(draining, undefined, `${node} begins while no other one is drained`);
      takenAt[node] = now;
      draining = node;
      break;
    }
  }
  t.strictSame(Object.keys(takenAt), ['a', 'b', 'd']);
  t.equal(takenAt['a'], 1000 + settleMs);
  t.ok((takenAt['b'] ?? 0) - (takenAt['a'] ?? 0) > staggerMs);
});
