import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { commandLines, prepareDemo, run, shoal, startDemo, temporaryDirectory } from '../demo.js';
import { until } from '../until.js';

/** Of this run alone: services of a run that was killed go on. */
const network = `127.71.${process.pid % 250}`;
const app = `http://${network}.1:8080/`;

const blueprint = `name: app
version: 1.0.0
description: Answers with the status that it is told
parameters:
  status: { type: integer, default: 200, description: Status of each answer }
  pause: { type: string, default: "0", description: Seconds that a step takes }
steps:
  - { id: program, type: file, path: "{{ service.directory }}/app.mjs", template: app.mjs, notify: restart }
  - { id: wait, type: exec, command: [sleep, "{{ params.pause }}"] }
  - { id: run, type: service }
process: { command: ["{{ nodeBinary }}", "{{ files.program.path }}"] }
health: { url: "http://{{ node.address }}:8080/", interval: 200ms, healthyFor: 400ms, deadline: 4s }
`;
const program = `import { createServer } from 'node:http';
// pause {{ params.pause }}
createServer((_, a) => a.writeHead({{ params.status }}).end('app')).listen(8080, '{{ node.address }}');
`;

function specOf(params: string): string {
  return `cluster: demo\nservices:\n  app:\n    blueprint: app\n    nodes: all\n    perNode: { node-1: ${params} }\n`;
}

test('bad input is told clearly, and nothing is lost by it', async (t) => {
  const whole = t;
  const cwd = await temporaryDirectory(t);
  const blueprints = join(cwd, 'blueprints');
  await mkdir(join(blueprints, 'app/templates'), { recursive: true });
  await writeFile(join(blueprints, 'app/blueprint.yaml'), blueprint);
  await writeFile(join(blueprints, 'app/templates/app.mjs'), program);
  const state = await prepareDemo(cwd, { network, blueprints, spec: specOf('{}') });
  await startDemo(t, cwd, network);
  const apply = async (params: string, ...flags: string[]) => {
    await writeFile(join(cwd, 'spec.yaml'), specOf(params));
    return await shoal(cwd, 'apply', 'spec.yaml', ...flags);
  };
  const latest = async () =>
    (JSON.parse((await shoal(cwd, 'status', '--json')).stdout) as { revision: { latest: number } }).revision
      .latest;

  await t.test('a faulty blueprint is refused with file, line and column', async (t) => {
    const before = await latest();
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        blueprint.replace('steps:', 'stpes:'),
        program,
        /blueprint\.yaml:7:1: unknown key "stpes"; did you mean "steps"\?/,
      ],
      [blueprint.replace('steps:', 'steps: ['), program, /blueprint\.yaml:\d+:\d+: YAML syntax/],
      [
        blueprint.replace('type: exec', 'type: exce'),
        program,
        /blueprint\.yaml:9:\d+: .*"exce"; did you mean "exec"\?/,
      ],
      [blueprint, '{{ params.status }\n', /app\.mjs:1:\d+: /],
      [blueprint, '{% if params.status %}\n', /app\.mjs:1:\d+: .*if/],
    ];
    for (const [yaml, template, expected] of cases) {
      await writeFile(join(blueprints, 'app/blueprint.yaml'), yaml);
      await writeFile(join(blueprints, 'app/templates/app.mjs'), template);
      const { code, stderr } = await apply('{ status: 201 }');
      t.equal(code, 2, stderr);
      t.match(stderr, expected);
    }
    await writeFile(join(blueprints, 'app/blueprint.yaml'), blueprint);
    await writeFile(join(blueprints, 'app/templates/app.mjs'), program);
    t.equal(await latest(), before);
    t.equal((await fetch(app)).status, 200);
  });

  await t.test('what is no spec at all is told so', async (t) => {
    await writeFile(join(cwd, 'empty.yaml'), '');
    t.match(await shoal(cwd, 'apply', 'empty.yaml'), {
      code: 2,
      stderr: /empty\.yaml:1:1: expected a mapping, found nothing/,
    });
    t.match(await shoal(cwd, 'apply', '.'), { code: 2, stderr: /\. is a directory/ });
  });

  await t.test(
    'a service that never becomes healthy is undone; a plan says that it does not run',
    async (t) => {
      const { code, stderr } = await apply('{ status: 500 }');
      t.equal(code, 7, stderr);
      t.match(stderr, /failed on node-1, service app, step health: .*500/);
      t.match(stderr, 'the node runs its last good configuration');
      // Undoing starts it; that it answers is not waited for.
      const answer = async () => (await fetch(app).catch(() => undefined))?.status;
      await until('the last good one to serve', async () => (await answer()) === 200);
      const plan = await shoal(cwd, 'plan', 'spec.yaml');
      t.match(plan.stdout, /No changes against revision \d+.*, but not all nodes run it/);
      t.match(plan.stdout, 'node-1: change (app)');
      t.equal((await apply('{}')).code, 0);
      await until('the failure to be history', async () => {
        const { stdout } = await shoal(cwd, 'node', 'show', 'node-1', '--json');
        return (JSON.parse(stdout) as { status: string }).status === 'ok';
      });
    },
  );

  await t.test('an agent killed in the middle of a step goes on from there', async (t) => {
    t.equal((await apply('{ pause: "3.071" }', '--detach')).code, 0);
    await until('the step', () => commandLines().includes('sleep 3.071'));
    const { pid } = JSON.parse(await readFile(join(state, 'node-1/lock'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await until('its end', () => !commandLines().some((line) => line.includes(join(state, 'node-1.yaml'))));
    t.equal((await fetch(app)).status, 200, 'the service goes on without its agent');
    run(whole, cwd, 'agent', 'run', '--config', join(state, 'node-1.yaml'));
    await until('the rollout', async () =>
      (await shoal(cwd, 'rollout', 'status')).stdout.includes('): succeeded'),
    );
    t.match(await readFile(join(state, 'node-1/services/app/app.mjs'), 'utf8'), '// pause 3.071');
    t.equal((await fetch(app)).status, 200);
  });
});
