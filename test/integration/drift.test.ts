import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriftView, Plan, StatusView } from '@shoal/common';
import { test } from 'tap';
import type { Outcome } from '../demo.js';
import { shoal, startDemo, temporaryDirectory } from '../demo.js';

const network = '127.72.0';

/** A file of the service on a node of the demo that a program reads. */
async function configOf(cwd: string, node: string): Promise<string> {
  const directory = join(cwd, '.shoal-demo', node, 'services/web');
  const names = await readdir(directory, { recursive: true });
  const name = names.find((entry) => /\.(conf|json)$/.test(entry));
  if (name === undefined) throw new Error(`no configuration in ${directory}: ${names.join(' ')}`);
  return join(directory, name);
}

/** What `shoal drift` says, once it says `count` drifts. */
async function drifts(cwd: string, count: number): Promise<readonly (DriftView & { node: string })[]> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const { stdout } = await shoal(cwd, 'drift', '--json');
    const found = JSON.parse(stdout) as (DriftView & { node: string })[];
    if (found.length === count) return found;
    if (Date.now() > deadline) throw new Error(`expected ${count} drifts: ${stdout}`);
  }
}

test('drift on a node is told, repaired when asked for, and by policy', async (t) => {
  const cwd = await temporaryDirectory(t);
  await startDemo(t, cwd, network);
  const spec = join(cwd, '.shoal-demo/cluster.yaml');
  const config = await configOf(cwd, 'node-1');
  const good = await readFile(config, 'utf8');

  await t.test('a changed file is shown with its difference, and left', async (t) => {
    t.match(await shoal(cwd, 'drift', '--check'), { code: 0, stdout: 'Nothing drifted.' });
    await writeFile(config, `${good}\n# by hand\n`);
    t.match(await drifts(cwd, 1), [
      {
        node: 'node-1',
        service: 'web',
        step: 'config',
        policy: 'report',
        state: 'left',
        difference: /^-# by hand/m,
      },
    ]);
    const told = await shoal(cwd, 'drift', 'node-1');
    t.match(told.stdout, /node-1 web\/config, seen .*left as it is/);
    t.match(told.stdout, /-# by hand/);
    t.match(await shoal(cwd, 'drift', '--check'), { code: 7, stderr: '', stdout: told.stdout.slice(0, 10) });
    const status = JSON.parse((await shoal(cwd, 'status', '--json')).stdout) as StatusView;
    t.match(status, {
      nodes: { ok: 2, drifted: 1 },
      warnings: [/node-1 drifted: web\/config; see shoal drift/],
    });
    t.match((await shoal(cwd, 'node', 'show', 'node-1')).stdout, /^status +drifted/m);
    t.match(await readFile(config, 'utf8'), /# by hand/);
  });

  await t.test('an operator has it repaired', async (t) => {
    t.match(await shoal(cwd, 'drift', 'repair', 'node-9'), { code: 4 });
    t.match(await shoal(cwd, 'drift', 'repair', 'node-1', 'wob'), { code: 5, stderr: /no service "wob"/ });
    const repaired = await shoal(cwd, 'drift', 'repair', 'node-1');
    t.match(repaired, { code: 0, stdout: 'node-1: web/config repaired' });
    t.equal(await readFile(config, 'utf8'), good);
    await drifts(cwd, 0);
    t.match(await shoal(cwd, 'drift', 'repair', 'node-1'), { code: 0, stdout: 'nothing drifted' });
  });

  await t.test('the policy of a service puts it back', async (t) => {
    const text = await readFile(spec, 'utf8');
    await writeFile(spec, text.replace(/^( +)nodes: all$/m, '$1nodes: all\n$1drift: repair'));
    const plan = JSON.parse((await shoal(cwd, 'plan', spec, '--on-nodes', '--json')).stdout) as Plan;
    t.match(plan.changes, [{ path: 'services.web.drift', after: 'repair' }]);
    t.same(
      plan.nodes.flatMap((node) => node.differences),
      [],
      'that touches nothing on the nodes',
    );
    const apply = await shoal(cwd, 'apply', spec);
    t.equal(apply.code, 0, apply.stderr);
    const other = await configOf(cwd, 'node-2');
    const before = await readFile(other, 'utf8');
    await writeFile(other, 'nothing that would start');
    const deadline = Date.now() + 40_000;
    while ((await readFile(other, 'utf8')) !== before && Date.now() < deadline) {
      await shoal(cwd, 'node', 'ls');
    }
    t.equal(await readFile(other, 'utf8'), before);
    await drifts(cwd, 0);
  });

  await t.test('a plan tells what nodes would refuse, and so does the command', async (t) => {
    const text = await readFile(spec, 'utf8');
    const bad = text.includes('blueprint: nginx')
      ? text.replace('    params:\n', '    params:\n      extraConfig: "no_such_directive on;"\n')
      : text.replace(/body: .*/, 'body: "x"\n      upstreams: ["http://127.0.0.1:notaport"]');
    await writeFile(join(cwd, 'bad.yaml'), bad);
    const plan: Outcome = await shoal(cwd, 'plan', 'bad.yaml', '--on-nodes');
    t.match(plan, { code: 7, stdout: /refused: the new .* is refused/ });
    t.match(plan.stderr, /Applying it would be refused: node-1 web\/config, node-2 web\/config, node-3/);
    const told = await shoal(cwd, 'plan', 'bad.yaml', '--on-nodes', '--json');
    t.equal(told.code, 7);
    const { nodes } = JSON.parse(told.stdout) as Plan;
    t.ok(nodes.every(({ differences }) => differences.some(({ problem }) => problem !== '')));
    const apply = await shoal(cwd, 'apply', 'bad.yaml');
    t.match(apply, { code: 7, stderr: /nothing was touched/ });
    t.notMatch(apply.stderr, /was undone/);
  });
});
