import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeView, RolloutView } from '@shoal/common';
import { test } from 'tap';
import { type Outcome, prepareDemo, shoal, startDemo, temporaryDirectory } from '../demo.js';

// Changes that go wrong on nodes or between operators, as an operator meets them: a message that says what happened, and a
// cluster that serves what it served. What a single file can't be is in bad-input.test.ts.

const network = '127.86.0';
const nodes = ['node-1', 'node-2', 'node-3'];

/** A service that answers `status` at `/`, and 200 where its health is asked for, whatever it does otherwise. */
const blueprint = (name: string, template = '{{ params.body }}'): string => `name: ${name}
version: 1.0.0
description: A server for tests
parameters:
  body: { type: string, default: one, description: What it answers }
  status: { type: integer, default: 200, description: Status of its answers }
steps:
  - { id: body, type: file, path: "{{ service.directory }}/body", content: ${JSON.stringify(template)}, notify: restart }
  - { id: program, type: file, path: "{{ service.directory }}/app.mjs", template: app.mjs, notify: restart }
  - { id: run, type: service }
process: { command: ["{{ nodeBinary }}", "{{ files.program.path }}", "{{ files.body.path }}"] }
health:
  url: "http://{{ node.address }}:8080/health"
  probes: ["http://{{ node.address }}:8080/"]
  interval: 200ms
  healthyFor: 400ms
  deadline: 3s
`;
const program = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const body = readFileSync(process.argv[2], 'utf8');
createServer(({ url }, answer) => answer.writeHead(url === '/health' ? 200 : {{ params.status }}).end(body)).listen(8080, '{{ node.address }}');
`;

/** Two commands that run at the same time: the one that ended well first. */
async function together(...runs: readonly Promise<Outcome>[]): Promise<readonly [Outcome, Outcome]> {
  const [a, b] = (await Promise.all(runs)).toSorted((one, other) => one.code - other.code);
  if (a === undefined || b === undefined) throw new Error('not two');
  return [a, b];
}

const specOf = (params: string, blueprint = 'app', extra = ''): string => `cluster: demo
rollout: { gate: { observe: 0s } }
services:
  app:
    blueprint: ${blueprint}
    nodes: all
    params: ${params}
${extra}`;

test('a change that goes wrong is told clearly, and undone', { timeout: 240_000 }, async (t) => {
  const cwd = await temporaryDirectory(t);
  const blueprints = join(cwd, 'blueprints');
  const write = async (name: string, template?: string): Promise<void> => {
    await mkdir(join(blueprints, name, 'templates'), { recursive: true });
    await writeFile(join(blueprints, name, 'blueprint.yaml'), blueprint(name, template));
    await writeFile(join(blueprints, name, 'templates/app.mjs'), program);
  };
  await write('app');
  const state = await prepareDemo(cwd, { network, blueprints, spec: specOf('{}') });
  await startDemo(t, cwd, network);
  const apply = async (spec: string, ...flags: string[]) => {
    const file = `spec-${Math.random()}.yaml`;
    await writeFile(join(cwd, file), spec);
    return await shoal(cwd, 'apply', file, ...flags);
  };
  const ask = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await shoal(cwd, ...args, '--json')).stdout) as T;
  const answers = () =>
    Promise.all(
      nodes.map(async (_, i) => {
        const answer = await fetch(`http://${network}.${i + 1}:8080/`);
        return `${answer.status} ${await answer.text()}`;
      }),
    );
  const everywhere = (answer: string): string[] => nodes.map(() => answer);
  const agents = () =>
    Promise.all(
      nodes.map(async (node) => JSON.parse(await readFile(join(state, node, 'lock'), 'utf8')).pid as number),
    );

  await t.test('a template that would loop for ever or print a gigabyte costs nobody anything', async (t) => {
    const before = await agents();
    const many = '(1..50000)';
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        'endless',
        `{% for a in ${many} %}{% for b in ${many} %}{% for c in ${many} %}{% endfor %}{% endfor %}{% endfor %}`,
        /takes longer than 1000 ms to render|needs too much memory to render/,
      ],
      [
        'gigabyte',
        `{% for a in ${many} %}${'x'.repeat(20_000)}{% endfor %}`,
        /renders to more than 4194304 characters/,
      ],
    ];
    for (const [name, template, expected] of cases) {
      await write(name, template);
      const { code, stderr } = await apply(specOf('{}', name));
      t.equal(code, 7, stderr);
      t.match(stderr, /failed on node-1, service app, step body: /);
      t.match(stderr, expected);
      t.match(stderr, 'nothing was touched; the node runs on as before');
      t.same(await answers(), everywhere('200 one'));
    }
    t.same(await agents(), before, 'no agent has ended');
  });

  await t.test('a health URL that lies is found out by what it is asked besides', async (t) => {
    const { code, stderr } = await apply(specOf('{ body: two, status: 500 }'));
    t.equal(code, 7, stderr);
    t.match(stderr, /failed on node-1, service app, step health: .*8080\/: answered 500/);
    t.match(stderr, 'what it had changed was undone');
    t.match(await ask<RolloutView>('rollout', 'show'), { status: 'failed', undone: true });
    t.same(await answers(), everywhere('200 one'));
  });

  await t.test('of two operators who apply at once the second one is told, or takes over', async (t) => {
    const { number } = await ask<{ number: number }>('revision', 'show');
    const based = (who: string) => apply(specOf(`{ body: ${who} }`), '--based-on', String(number));
    const [first, second] = await together(based('ann'), based('bob'));
    t.equal(first.code, 0, first.stderr);
    t.equal(second.code, 5, second.stderr);
    t.match(
      second.stderr,
      new RegExp(`Based on revision ${number}, but since then came ${number + 1} by admin at`),
    );
    t.match(second.stderr, `shoal revision diff ${number} ${number + 1}`);
    const [kept] = await answers();
    t.match(kept, /^200 (ann|bob)$/);
    t.same(await answers(), everywhere(kept ?? ''), 'one of the two, everywhere');

    const [winner, loser] = await together(apply(specOf('{ body: cat }')), apply(specOf('{ body: dan }')));
    t.equal(winner.code, 0, winner.stderr);
    t.equal(loser.code, 5, loser.stderr);
    t.match(loser.stderr, `Revision ${number + 2} was superseded by a newer one`);
    const { spec } = await ask<{ spec: string }>('revision', 'show', String(number + 3));
    t.same(await answers(), everywhere(`200 ${/body: (\w+)/.exec(spec)?.[1]}`), 'the later one, everywhere');
  });

  await t.test('an earlier configuration comes back although its blueprint is gone', async (t) => {
    const before = await answers();
    const { number: good } = await ask<{ number: number }>('revision', 'show');
    await write('next');
    await rename(join(blueprints, 'app'), join(cwd, 'gone'));
    const failing = specOf('{ body: new }', 'next', '    perNode: { node-2: { status: 500 } }\n');
    const { code, stdout, stderr } = await apply(failing);
    t.equal(code, 7, stdout + stderr);
    t.match(stderr, /node-1: undone/);
    t.same(await answers(), before);
    for (const { desired, running, failed, name } of await ask<NodeView[]>('node', 'ls')) {
      t.equal(running?.revision, good, name);
      t.equal(running?.hash, desired?.hash, name);
      t.equal(failed !== null, name === 'node-2', name);
    }

    t.match(await apply(specOf('{}')), { code: 2, stderr: /spec-.*\.yaml:5:16: unknown blueprint "app"/ });
    const restored = await shoal(cwd, 'revision', 'restore', '1');
    t.equal(restored.code, 0, restored.stderr);
    t.same(await answers(), everywhere('200 one'));
  });
});
