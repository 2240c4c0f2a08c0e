import t from 'tap';
import { change, other, scene } from './drain/scene.test.support.js';
import { notesOf, until } from './harness.test.support.js';
import { degradedWithinMs, RestartTurns } from './restart-turns.js';

interface Node {
  readonly name: string;
  readonly turns: RestartTurns;
  /** Seconds until it serves again; null: it hasn't begun. */
  left: number | null;
  /** What the others know of its tags, since a second at most. */
  tags: Record<string, string>;
}

/** Every node of a service hears at the same moment of what makes it restart. Gives the most that were out at once, and after how many seconds the last one was back. `frozen`: they are out of the gossip, and when they left it one was drained. */
function simulate(
  count: number,
  restartS: (index: number) => number,
  signs: 'drain' | 'none' | 'ill' | 'frozen',
) {
  const nodes = Array.from({ length: count }, (_, index): Node => {
    return { name: `g${index}`, turns: new RestartTurns(), left: null, tags: { svc: 'gw:h' } };
  });
  let most = 0;
  for (let second = 0; second < 10_000; second += 1) {
    const members = nodes.map(({ name, tags }) => ({ name, tags }));
    for (const [index, node] of nodes.entries()) {
      if (node.left === null) {
        const membersFrozen = signs === 'frozen';
        const question = { service: 'gw', node: node.name, members, membersFrozen, now: second * 1000 };
        if (node.turns.isMine(question)) node.left = restartS(index);
      } else {
        node.left = Math.max(0, node.left - 1);
      }
    }
    for (const node of nodes) {
      const isOut = node.left !== null && node.left > 0;
      node.tags = {
        svc: `gw:${isOut && signs === 'ill' ? 'u' : 'h'}`,
        ...((isOut && signs === 'drain') || (signs === 'frozen' && node.name === 'g0')
          ? { drain: 'gw' }
          : {}),
      };
    }
    most = Math.max(most, nodes.filter(({ left }) => left !== null && left > 0).length);
    if (nodes.every(({ left }) => left === 0)) return { most, seconds: second };
  }
  return { most, seconds: Number.POSITIVE_INFINITY };
}

t.test('nodes that hear of the same change restart one after another, without anybody to lead them', (t) => {
  for (const count of [1, 2, 3, 5, 9]) {
    for (const restartS of [() => 1, () => 12, (index: number) => 3 + ((index * 7) % 11)]) {
      for (const signs of ['drain', 'ill'] as const) {
        const { most, seconds } = simulate(count, restartS, signs);
        t.equal(most, 1, `${count} nodes, ${signs}`);
        t.ok(seconds <= count * 30 + 30, `${count} nodes took ${seconds} s`);
      }
    }
    t.equal(simulate(count, () => 4, 'none').most, 1, 'those that tell nothing, by time alone');
  }
  t.end();
});

t.test(
  'nodes that degrade together restart one after another within a minute, many of them a few at a time',
  (t) => {
    for (const [count, restartS, atOnce] of [
      [1, 8, 1],
      [2, 8, 1],
      [3, 8, 1],
      [6, 8, 1],
      [12, 4, 1],
      [30, 4, 3],
      [100, 4, 8],
    ] as const) {
      const { most, seconds } = simulate(count, () => restartS, 'frozen');
      t.ok(most <= atOnce, `${count} nodes: ${most} at once`);
      t.ok(seconds <= degradedWithinMs / 1000 + restartS, `${count} nodes took ${seconds} s`);
    }
    t.end();
  },
);

t.test('a node that stays out holds nobody up for ever', (t) => {
  const turns = new RestartTurns();
  const asked = { service: 'gw', node: 'b', membersFrozen: false };
  const members = [{ name: 'a', tags: { svc: 'gw:h', drain: 'gw' } }];
  const at = (now: number): boolean => turns.isMine({ ...asked, members, now });
  t.same([at(0), at(30_000), at(59_999), at(60_000)], [false, false, false, true]);
  turns.keep([]);
  t.notOk(at(70_000), 'the next change begins anew');
  t.ok(new RestartTurns().isMine({ ...asked, members: [], now: 0 }), 'nobody else runs it');
  t.end();
});

t.test('changed members restart a service in its turn, and what need not wait does not', async (t) => {
  const s = await scene(t, 18471, [other('toy:h', 'toy')]);
  const count = '"{{ members.size }}"';
  const counting = (name: string, port: number, reloads: boolean) => {
    const service = s.service('', { name, port });
    const steps = service.steps.map((step) =>
      step.type === 'file' && step.content !== undefined
        ? { ...step, content: step.content.replace('{{ params.body | json }}', count) }
        : step,
    );
    const { drain: _, ...rest } = service;
    const process = { ...service.process, reloadSignal: 'SIGHUP' as const };
    return reloads ? { ...rest, steps, process } : { ...service, steps };
  };
  const services = [counting('toy', 18471, false), counting('edge', 18472, true)];
  await change(s, 1, services);
  const host = s.host;
  host.members = [...host.members, { ...other('edge:h'), name: 'three' }];
  host.converger.factsChanged();
  await until('the one that reloads', () => notesOf(s.directory, 'edge').includes('reload'));
  await t.rejects(
    until('the other one', () => notesOf(s.directory).length > 1, 2500),
    'while another node drains it, it waits',
  );
  host.members = host.members.map((member) => ({ ...member, tags: { ...member.tags, drain: '' } }));
  await until('its turn', () => notesOf(s.directory).filter((note) => note === 'start').length === 2);
  t.same(notesOf(s.directory, 'edge'), ['start', 'reload']);

  host.membersFrozen = true;
  host.members = [...host.members, { ...other('toy:h', 'toy'), name: 'four' }];
  host.converger.factsChanged();
  const restarts = () => notesOf(s.directory).filter((note) => note === 'start').length;
  await until('the first in turn, whatever others told before', () => restarts() === 3, 20_000);
});
