import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { ended, shoal, startAgent, startDemo, temporaryDirectory } from '../demo.js';

const network = '127.60.0';
const nodes = [1, 2, 3].map((n) => `http://${network}.${n}:8080/`);

/** Command lines of processes that mention `text`. */
function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(text));
}

async function bodies(): Promise<string[]> {
  return Promise.all(nodes.map(async (url) => (await fetch(url)).text()));
}

test('a demo with the service of this machine, from start to stop and again', async (t) => {
  const cwd = await temporaryDirectory(t);
  const { demo, welcome } = await startDemo(t, cwd, network);
  const spec = join(cwd, '.shoal-demo/cluster.yaml');

  await t.test('it serves, and says where and how to go on', async (t) => {
    t.same(await bodies(), ['Hello from Shoal.\n', 'Hello from Shoal.\n', 'Hello from Shoal.\n']);
    t.match(welcome, /Serving after \d+\.\d s/);
    const columns = welcome
      .split('\n')
      .filter((line) => /^ {2}\S*( shoal|shoal) /.test(line))
      .map((line) => line.lastIndexOf('   ') + 3);
    t.equal(columns.length, 5);
    t.equal(new Set(columns).size, 1, 'what it says of commands stands in one column');
    t.match(welcome, /First run: {2}http:\/\/127\.60\.0\.1:9897\/first-run\?token=/);
  });

  await t.test('the gossip sees four members alive, from the controller and from an agent', async (t) => {
    for (const args of [[], ['--node', 'node-2'], ['--local', join(cwd, '.shoal-demo/node-1/agent.sock')]]) {
      const expected = 'controller alive, node-1 alive, node-2 alive, node-3 alive';
      let seen = '';
      // The services serve before everyone has heard of everyone.
      for (let i = 0; i < 50 && seen !== expected; i++) {
        const { stdout } = await shoal(cwd, 'members', '--json', ...args);
        const members = JSON.parse(stdout) as { name: string; state: string }[];
        const words = members.map((m) => `${m.name} ${m.state}`);
        seen = words.sort().join(', ');
      }
      t.equal(seen, expected, `members ${args.join(' ')}`);
    }
  });

  await t.test('an applied change is served by all nodes, and the diff shows it', async (t) => {
    const text = await readFile(spec, 'utf8');
    await writeFile(spec, text.replace('Hello from Shoal.', 'Changed.'));
    const plan = await shoal(cwd, 'plan', spec, '--on-nodes');
    t.equal(plan.code, 0, plan.stderr);
    t.match(plan.stdout, 'services.web.params.body');
    t.match(plan.stdout, /3 of 3 would change/);
    t.same((await bodies())[0], 'Hello from Shoal.\n', 'a plan changes nothing');
    const apply = await shoal(cwd, 'apply', spec, '--reason', 'greet otherwise');
    t.equal(apply.code, 0, apply.stderr);
    t.same(await bodies(), ['Changed.\n', 'Changed.\n', 'Changed.\n']);
    const diff = await shoal(cwd, 'revision', 'diff');
    t.match(diff.stdout, /~ services\.web\.params\.body: "Hello from Shoal\.\\n" -> "Changed\.\\n"/);
    const again = await shoal(cwd, 'apply', spec);
    t.match(again.stdout, 'No changes', 'the same spec again commits nothing');
  });

  await t.test('a spec that the service refuses stops at the first node and changes nothing', async (t) => {
    const good = await readFile(spec, 'utf8');
    const bad = good.includes('blueprint: nginx')
      ? good.replace('    params:\n', '    params:\n      extraConfig: "no_such_directive on;"\n')
      : good.replace(/body: .*/, 'body: "x"\n      upstreams: ["http://127.0.0.1:notaport"]');
    await writeFile(join(cwd, 'bad.yaml'), bad);
    const apply = await shoal(cwd, 'apply', 'bad.yaml');
    t.equal(apply.code, 7, `${apply.stdout}${apply.stderr}`);
    t.match(apply.stderr, /failed on node-1, service web, step/);
    if (good.includes('blueprint: nginx')) t.match(apply.stderr, /unknown directive "no_such_directive"/);
    t.same(await bodies(), ['Changed.\n', 'Changed.\n', 'Changed.\n']);
    const { stdout } = await shoal(cwd, 'node', 'ls', '--json');
    const views = JSON.parse(stdout) as {
      name: string;
      failed: object | null;
      running: { revision: number };
    }[];
    t.same(
      views.map((n) => [n.name, n.failed !== null, n.running.revision]),
      [
        ['node-1', true, 2],
        ['node-2', false, 2],
        ['node-3', false, 2],
      ],
    );
    const fixed = await shoal(cwd, 'apply', spec);
    t.equal(fixed.code, 0, fixed.stderr);
    let restored = { status: '', failed: {} as object | null };
    for (let i = 0; i < 20 && restored.failed !== null; i++) {
      restored = JSON.parse((await shoal(cwd, 'node', 'show', 'node-1', '--json')).stdout);
    }
    t.match(restored, { status: 'ok', failed: null }, 'going back to what runs ends the failure');
  });

  await t.test('wrong specs are refused with their place and nothing is committed', async (t) => {
    const before = JSON.parse((await shoal(cwd, 'status', '--json')).stdout) as { revision: object };
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        'cluster: demo\nservices:\n  web:\n    blueprnt: nginx\n    nodes: all\n',
        /wrong\.yaml:4:5: .*blueprnt.*blueprint/,
      ],
      ['cluster: demo\nservices: [\n', /wrong\.yaml:\d+:\d+: /],
      [
        'cluster: demo\nservices:\n  web:\n    blueprint: nginks\n    nodes: all\n',
        /wrong\.yaml:4:16: .*nginks.*nginx/,
      ],
      [
        'cluster: demo\nservices:\n  web:\n    blueprint: nginx\n    nodes: [node-1, node-1]\n',
        /wrong\.yaml:5:\d+: .*node-1/,
      ],
      [
        'cluster: demo\nservices:\n  web:\n    blueprint: nginx\n    nodes: [nod-1]\n',
        /wrong\.yaml:5:\d+: .*nod-1.*node-1/,
      ],
      [
        'cluster: demo\nservices:\n  web:\n    blueprint: nginx\n    nodes: all\n    params: { port: "x" }\n',
        /wrong\.yaml:6:\d+: .*port/,
      ],
      ['cluster: other\nservices: {}\n', /wrong\.yaml:1:10: .*"demo", found "other"/],
    ];
    for (const [text, expected] of cases) {
      await writeFile(join(cwd, 'wrong.yaml'), text);
      const apply = await shoal(cwd, 'apply', 'wrong.yaml');
      t.equal(apply.code, 2, apply.stderr);
      t.match(apply.stderr, expected);
    }
    const after = JSON.parse((await shoal(cwd, 'status', '--json')).stdout) as { revision: object };
    t.same(after.revision, before.revision);
  });

  await t.test("the services' logs and stats arrive", async (t) => {
    await bodies();
    let lines = '';
    for (let i = 0; i < 50 && !lines.includes('node-3'); i++)
      lines = (await shoal(cwd, 'logs', '--source', 'access')).stdout;
    for (const name of ['node-1', 'node-2', 'node-3']) t.match(lines, name);
    let sampled: { node: string }[] = [];
    for (let i = 0; i < 50 && sampled.length < 3; i++) {
      sampled = JSON.parse((await shoal(cwd, 'stats', '--json')).stdout) as { node: string }[];
    }
    t.equal(sampled.length, 3);
  });

  await t.test('a second controller on its data directory is refused', async (t) => {
    const second = await shoal(cwd, 'controller', 'run', '--config', '.shoal-demo/controller.yaml');
    t.not(second.code, 0);
    t.match(second.stderr + second.stdout, /data directory|already/);
  });

  await t.test('Ctrl-C leaves no process, and a second start finds the state again', async (t) => {
    const gone = ended(demo);
    demo.kill('SIGINT');
    t.equal(await gone, 0);
    t.same(processesWith(cwd), []);
    await t.rejects(fetch(nodes[0] ?? ''), 'nothing serves any more');
    const again = await startDemo(t, cwd, network);
    t.same(await bodies(), ['Changed.\n', 'Changed.\n', 'Changed.\n']);
    const revisions = JSON.parse((await shoal(cwd, 'revision', 'ls', '--json')).stdout) as {
      reason: string;
    }[];
    t.ok(revisions.some((r) => r.reason === 'greet otherwise'));
    let told = '';
    const says = (words: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (told.includes(words)) resolve();
        };
        again.demo.stderr?.on('data', (text: Buffer) => {
          told += text;
          look();
        });
        look();
      });
    const killed = says('node-2 was killed by SIGKILL; start it again by: ');
    const holder = async (): Promise<number> =>
      JSON.parse(await readFile(join(cwd, '.shoal-demo/node-2/lock'), 'utf8')).pid;
    process.kill(await holder(), 'SIGKILL');
    await killed;
    const own = startAgent(cwd, join(cwd, '.shoal-demo/node-2.yaml'));
    t.teardown(() => own.child.kill('SIGKILL'));
    await own.started;
    const alone = says('controller ended (code 0); start it again by: ');
    t.match(await shoal(cwd, 'demo', 'stop', 'controler'), {
      code: 2,
      stderr: /no controler; did you mean "controller"\?/,
    });
    t.match(await shoal(cwd, 'demo', 'stop', 'controller'), {
      code: 0,
      stdout: /^stopped controller \(process \d+\)\n$/,
      stderr: /^Start it again by: npx shoal controller run --config .*\n$/,
    });
    await alone;
    t.same(await bodies(), ['Changed.\n', 'Changed.\n', 'Changed.\n']);
    const stopped = ended(again.demo);
    again.demo.kill('SIGINT');
    t.equal(await stopped, 0);
    t.match(told, `What you started yourself goes on: node-2 (process ${own.child.pid})\n`);
    const left = ended(own.child);
    own.child.kill('SIGTERM');
    t.equal(await left, 0);
    t.same(processesWith(cwd), []);
  });
});

test('a demo that is killed outright leaves no process either', async (t) => {
  const cwd = await temporaryDirectory(t);
  const { demo } = await startDemo(t, cwd, network);
  demo.kill('SIGKILL');
  const deadline = Date.now() + 60_000;
  while (processesWith(cwd).length > 0 && Date.now() < deadline) await new Promise((r) => setImmediate(r));
  t.same(processesWith(cwd), []);
});
