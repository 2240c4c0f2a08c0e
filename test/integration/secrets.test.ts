import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@shoal/common';
import { startController } from '@shoal/controller';
import { test } from 'tap';
import { ended, startAgent, temporaryDirectory } from '../demo.js';
import { until } from '../until.js';

const network = '127.73.0';
const command = join(import.meta.dirname, '../../../packages/cli/bin/shoal.js');
const one = 'pA+"ss\\w/örd-one-7731';
const two = 'pA+"ss\\w/örd-two-8842\nits second line-8842';

const blueprint = `name: app
version: 1.0.0
description: Keeps a key
parameters:
  key: { type: string, secret: true, description: The key }
  refused: { type: integer, default: 0, description: Exit code of the validation }
  failing: { type: integer, default: 0, description: Exit code of the login }
  stuck: { type: integer, default: 0, description: Exit code of the logout }
steps:
  - { id: program, type: file, path: "{{ service.directory }}/app.mjs", template: app.mjs, notify: restart }
  - id: shown
    type: file
    path: "{{ service.directory }}/shown.conf"
    content: "name = app\\nkey = {{ params.key }}\\n# {{ params.refused }}\\n"
    notify: restart
    validate: [sh, -c, 'cat "$0"; exit "$1"', "{{ staged }}", "{{ params.refused }}"]
  - id: login
    type: exec
    command: [sh, -c, 'echo "in with $KEY" >&2; printf %s "$KEY" | base64 -w0; echo; exit $FAILING']
    undo: [sh, -c, 'echo "out with $KEY"; exit $STUCK']
    environment: { KEY: "{{ params.key }}", FAILING: "{{ params.failing }}", STUCK: "{{ params.stuck }}" }
  - { id: run, type: service }
process:
  command: ["{{ nodeBinary }}", "{{ files.program.path }}"]
  environment: { KEY: "{{ params.key }}" }
health: { url: "http://{{ node.address }}:8080/{{ files.shown.digest }}", interval: 200ms, healthyFor: 200ms, deadline: 10s }
logs: [{ source: stdout, stdout: true }]
`;
const program = `import { createServer } from 'node:http';
console.log('serving with ' + process.env.KEY.split('\\n')[0]);
createServer((request, answer) => answer.end(request.url)).listen(8080, '{{ node.address }}');
`;

function specOf(params: string): string {
  return `cluster: shoal\nservices:\n  app:\n    blueprint: app\n    nodes: all\n    params: { ${params} }\n`;
}

/** Runs `shoal` with a text on its standard input. */
function shoalWith(cwd: string, input: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [command, ...args], { cwd }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** The forms in which a value can be found. */
function formsOf(value: string): string[] {
  const [line = ''] = value.split('\n');
  return [value, line].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ]);
}

const forms = [one, two].flatMap(formsOf);

function findIn(text: string): string | undefined {
  return forms.find((form) => text.includes(form));
}

/** Every file below a directory, but those whose path the pattern matches. */
function* filesOf(directory: string, without: RegExp): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (without.test(path)) continue;
    if (entry.isDirectory()) yield* filesOf(path, without);
    else if (entry.isFile()) yield path;
  }
}

/** Looks at the command lines of all processes again and again; `stop` gives those that held a value. */
function watchCommandLines(): { stop(): string[] } {
  const found = new Set<string>();
  const lookedAt = new Map<string, number>();
  const look = () => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      // What begins becomes another program at once or not at all: later a look now and then is enough.
      const looks = (lookedAt.get(pid) ?? 0) + 1;
      lookedAt.set(pid, looks);
      if (looks > 50 && looks % 50 !== 0) continue;
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        if (findIn(line) !== undefined) found.add(line);
      } catch {
        // It ended meanwhile.
      }
    }
  };
  const timer = setInterval(look, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return [...found];
    },
  };
}

test('a secret is nowhere but where it is used', async (t) => {
  const cwd = await temporaryDirectory(t);
  const blueprints = join(cwd, 'blueprints');
  await mkdir(join(blueprints, 'app/templates'), { recursive: true });
  await writeFile(join(blueprints, 'app/blueprint.yaml'), blueprint);
  await writeFile(join(blueprints, 'app/templates/app.mjs'), program);
  const commandLines = watchCommandLines();
  t.teardown(() => commandLines.stop());
  const told: string[] = [];
  const logger = createLogger({ name: 'controller', destination: { write: (line) => told.push(line) } });
  const controller = await startController({
    env: {},
    config: {
      dataDir: join(cwd, 'controller'),
      blueprints: [blueprints],
      http: { listen: `${network}.1:0` },
      grpc: { listen: `${network}.1:0` },
      gossip: { listen: `${network}.4:9896` },
    },
    logger,
  });
  t.teardown(() => controller.stop());
  const { http, grpc } = controller.addresses;

  const post = async (path: string, body: unknown, cookie = '') => {
    const headers = { 'content-type': 'application/json', 'x-shoal-csrf': '1', cookie };
    const url = `http://${http}/api/v1${path}`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    told.push(text);
    return { status: answer.status, text, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  };
  const token = new URL(controller.firstRunUrl ?? '').searchParams.get('token');
  const { cookie } = await post('/first-run', { token, name: 'anna', password: 'correct horse battery' });
  const get = async (path: string) => {
    const text = await (await fetch(`http://${http}${path}`, { headers: { cookie } })).text();
    told.push(text);
    return text;
  };
  const shoal = async (input: string, ...args: string[]) => {
    const result = await shoalWith(cwd, input, '--credentials', controller.credentialsFile, ...args);
    told.push(result.output);
    return result;
  };
  const spec = join(cwd, 'spec.yaml');
  const apply = async (params: string) => {
    await writeFile(spec, specOf(params));
    return shoal('', 'apply', spec);
  };

  const joinToken = JSON.parse((await post('/tokens', {}, cookie)).text) as { token: string };
  const config = join(cwd, 'agent.yaml');
  await writeFile(
    config,
    JSON.stringify({
      node: { name: 'node-1', site: 'here' },
      dataDir: join(cwd, 'node-1'),
      cluster: { controller: grpc, token: joinToken.token },
      gossip: { listen: `${network}.1:9896` },
      metrics: { listen: `${network}.1:9899` },
      supervisor: 'process',
    }),
  );
  const agent = startAgent(cwd, config);
  for (const stream of [agent.child.stdout, agent.child.stderr])
    stream?.on('data', (text: Buffer) => told.push(text.toString()));
  t.teardown(async () => {
    const gone = ended(agent.child);
    agent.child.kill('SIGTERM');
    await gone;
  });
  await agent.started;
  await until('the node to be linked', async () => (await get('/api/v1/nodes')).includes('"connected":true'));
  const events = new AbortController();
  const stream = await fetch(`http://${http}/api/v1/events`, { headers: { cookie }, signal: events.signal });
  let streamed = '';
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) streamed += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  const shownConf = () => readFile(join(cwd, 'node-1/services/app/shown.conf'), 'utf8');

  await t.test('what is not there, and what is wrong, is refused without the value', async (t) => {
    t.match(await apply('key: { secret: app-key }'), {
      code: 2,
      output: /spec\.yaml:6:\d+: unknown secret "app-key"; set it first: shoal secret set app-key/,
    });
    const number = await post('/secrets/short', { value: 77317 }, cookie);
    t.match(number, { status: 400, text: /expected a string, found a number/ });
    t.notMatch(number.text, '77317');
    t.equal((await post('/secrets/short', { value: one.slice(0, 3) }, cookie)).status, 400);
  });

  await t.test('it comes to the node that needs it', async (t) => {
    t.match(await shoal(`${one}\n`, 'secret', 'set', 'app-key'), {
      code: 0,
      output: /secret app-key set, version [0-9a-f]{16}/,
    });
    await writeFile(spec, specOf('key: { secret: app-key }'));
    const plan = await shoal('', 'plan', '--on-nodes', spec);
    t.match(plan, { code: 0, output: /\+key = \[secret app-key\]/ });
    t.match(
      plan.output,
      /warning: services\.app: step shown: .*mode 0644 lets everybody on the host read it/,
    );
    t.match(await shoal('', 'apply', spec), { code: 0, output: /in with \[secret app-key\]/ });
    t.match(await shownConf(), `key = ${one}\n`);
    t.equal((await stat(join(cwd, 'controller/secrets.key'))).mode & 0o777, 0o600);
    t.equal((await stat(join(cwd, 'node-1/secrets.key'))).mode & 0o777, 0o600);
    t.match(
      await get('/api/v1/secrets'),
      /"usedBy":\[\{"service":"app","nodes":\["node-1"\]\}\],"isPending":false/,
    );
    t.match(await post('/secrets/app-key/remove', {}, cookie), {
      status: 412,
      text: /newest revision, 1 \(app\)/,
    });
    const same = await post('/spec/apply', { spec: specOf('key: { secret: app-key }') }, cookie);
    t.match(JSON.parse(same.text), { revision: 1, changed: false });
  });

  await t.test('a refused file, a failed step and a failed undo tell their outputs without it', async (t) => {
    t.match(await apply('key: { secret: app-key }, refused: 3'), {
      code: 7,
      output: /key = \[secret app-key\]/,
    });
    t.match(await apply('key: { secret: app-key }, failing: 4, stuck: 5'), {
      code: 7,
      output: /in with \[secret app-key\]/,
    });
    await until('the failure', async () => (await get('/api/v1/rollout')).includes('not undone: app/login'));
    t.match(await readFile(join(cwd, 'node-1/converge/unfinished/journal'), 'utf8'), /"kind":"sealed"/);
  });

  await t.test('a new value is a change of manifests, and an old revision means the old one', async (t) => {
    const file = join(cwd, 'value');
    await writeFile(file, two);
    const set = await shoal('', 'secret', 'set', 'app-key', '--file', file);
    t.match(set, { code: 0, output: /app \(node-1\) still has the value before/ });
    await writeFile(spec, specOf('key: { secret: app-key }'));
    t.match(await apply('key: { secret: app-key }'), { code: 0 });
    t.match(await shownConf(), `key = ${two}\n`);
    await post('/secrets/app-key', { value: one }, cookie);
    const plan = await shoal('', 'plan', spec);
    t.match(plan.output, /~ secret app-key: new value \(app\)/);
    t.match(plan.output, /node-1: change \(app\)/);
    t.match(await post('/spec/restore', { revision: 1 }, cookie), { status: 200 });
    await until('the value that revision 1 had', async () => (await shownConf()).includes(one));
    await post('/secrets/app-key', { value: two }, cookie);
    t.match(await shoal('', 'apply', spec), { code: 0 });
    t.match(await shownConf(), `key = ${two}\n`);
  });

  await until('lines to be shipped', async () =>
    (await get('/api/v1/logs')).includes('serving with [secret app-key]'),
  );
  t.match(await get('/api/v1/audit'), /"operation":"secret.set","input":\{"name":"app-key"\}/);
  for (const path of ['/api/v1/rollout', '/api/v1/rollouts', '/api/v1/revision', '/metrics']) await get(path);
  told.push(await (await fetch(`http://${network}.1:9899/metrics`)).text());
  events.abort();
  await reading;
  told.push(streamed);
  t.match(streamed, 'in with [secret app-key]');

  const everything = told.join('\n');
  t.equal(findIn(everything), undefined, 'nothing that was told holds a value');
  t.match(everything, /GET http:\/\/127\.73\.0\.1:8080\/[0-9a-f]{16}: answered 200/);
  for (const value of [one, two]) {
    const digest = createHash('sha256').update(`name = app\nkey = ${value}\n# 0\n`).digest('hex');
    t.notMatch(everything, digest.slice(0, 16), 'digests are keyed');
  }
  t.strictSame(commandLines.stop(), [], 'no command line holds a value');
  // What is left out: the rendered files themselves, what the service itself writes, and the value that the operator has.
  const files = [...filesOf(cwd, /\/services\/|\/run\/app\.out|\/value$/)];
  t.ok(files.some((path) => path.endsWith('.mdb')) && files.some((path) => path.endsWith('state.json')));
  const holding = files.filter((path) => findIn(readFileSync(path, 'utf8')) !== undefined);
  t.strictSame(holding, [], 'no file holds a value');
});
