import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { test } from 'tap';
import { ended, shoal, startDemo, temporaryDirectory } from '../demo.js';

const network = '127.71.0';
const app = `http://${network}.1:8080/`;
const command = join(import.meta.dirname, '../../../packages/cli/bin/shoal.js');

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

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(50);
  }
}

/** Command lines of all processes, words separated by spaces. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      } catch {
        return '';
      }
    });
}

/** Starts a `shoal` that runs on; gives it and what it printed. It is stopped when the test ends. */
function run(t: Test, cwd: string, ...args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [command, ...args], { cwd });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = ended(child);
    child.kill('SIGTERM');
    await gone;
  });
  return { child, output: () => output };
}

/** memberlist's sealed packet, version 1: version, nonce, text, tag. */
function seal(key: Buffer, text: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([Buffer.from([1]), nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

async function sendUdp(packets: readonly Buffer[], hosts: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const [i, packet] of packets.entries()) {
    await new Promise<void>((sent) => socket.send(packet, 9896, hosts[i % hosts.length], () => sent()));
  }
  socket.close();
}

function sendTcp(host: string, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket = connect(9896, host, () => socket.end(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => done());
    socket.resume();
    socket.setTimeout(5000, () => socket.destroy());
  });
}

async function figures(url: string, bearer = ''): Promise<Record<string, number>> {
  const text = await (await fetch(url, { headers: { authorization: `Bearer ${bearer}` } })).text();
  const lines = text
    .split('\n')
    .filter((line) => /gossip_(packets_refused|streams_refused|malformed)/.test(line));
  return Object.fromEntries(
    lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name.replace(/^.*gossip_/, ''), Number(value)]),
  );
}

test('bad input is told clearly, and nothing is lost by it', { timeout: 240_000 }, async (t) => {
  const whole = t;
  const cwd = await temporaryDirectory(t);
  const state = join(cwd, '.shoal-demo');
  const blueprints = join(cwd, 'blueprints');
  await mkdir(join(blueprints, 'app/templates'), { recursive: true });
  await mkdir(state);
  await writeFile(join(blueprints, 'app/blueprint.yaml'), blueprint);
  await writeFile(join(blueprints, 'app/templates/app.mjs'), program);
  // The demo keeps a configuration that is there.
  await writeFile(
    join(state, 'controller.yaml'),
    `cluster: { name: demo }
dataDir: ${state}/controller
http: { listen: "${network}.1:9897" }
grpc: { listen: "${network}.1:9898" }
gossip: { listen: "${network}.4:9896" }
blueprints: [${blueprints}]
`,
  );
  await writeFile(join(state, 'cluster.yaml'), specOf('{}'));
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
      t.match(plan.stdout, /No changes against revision \d+, but not all nodes run it/);
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

  await t.test('bad gossip packets are counted, and change nothing', async (t) => {
    const hosts = [1, 2, 3, 4].map((n) => `${network}.${n}`);
    const identity = JSON.parse(await readFile(join(state, 'node-2/identity.json'), 'utf8')) as {
      gossipKeys: string[];
    };
    const key = Buffer.from(identity.gossipKeys[0] ?? '', 'base64');
    const kinds: readonly (() => Buffer)[] = [
      () => seal(key, Buffer.from([0, 0x85])).subarray(0, 20),
      () => seal(key, Buffer.from([3, 0xdf, 0xff, 0xff, 0xff, 0xff])),
      () => randomBytes(60_000),
      () => seal(randomBytes(32), Buffer.from([0, 0x80])),
      () => Buffer.from([0, 0x80]),
      () => seal(key, Buffer.from([200, 1, 2, 3])),
      () => seal(key, Buffer.from([7, 255, 255, 255, 255])),
    ];
    const token = (await readFile(join(state, 'controller/metrics-token'), 'utf8')).trim();
    const doors = [
      () => figures(`http://${network}.2:9899/metrics`),
      () => figures(`http://${network}.1:9897/metrics`, token),
    ];
    const before = await Promise.all(doors.map((read) => read()));
    for (const kind of kinds) await sendUdp(Array.from({ length: 200 }, kind), hosts);
    const huge = Buffer.concat([Buffer.from([10, 0xff, 0xff, 0xff, 0xff]), randomBytes(100)]);
    for (const host of hosts) {
      for (const bytes of [huge, Buffer.from([6, 0x83]), randomBytes(3000), huge.subarray(0, 3)])
        await sendTcp(host, bytes);
    }
    for (const [i, read] of doors.entries()) {
      await until('the counters', async () => {
        const now = await read();
        return ['packets_refused_total', 'streams_refused_total', 'malformed_total'].every(
          (name) => (now[name] ?? 0) > (before[i]?.[name] ?? Number.NaN),
        );
      });
    }
    let members: { name: string; state: string }[] = [];
    // A machine that is busy with all this may suspect someone for a moment.
    await until('nobody in doubt', async () => {
      members = JSON.parse((await shoal(cwd, 'members', '--json')).stdout);
      return members.every(({ state }) => state === 'alive');
    });
    t.same(members.map(({ name }) => name).sort(), ['controller', 'node-1', 'node-2', 'node-3']);
  });

  await t.test('tokens that are no good, and credentials of another cluster', async (t) => {
    const good = JSON.parse((await shoal(cwd, 'token', 'create', '--json')).stdout) as { token: string };
    const used = (await readFile(join(state, 'node-2.token'), 'utf8')).trim();
    const cases: readonly (readonly [string, string])[] = [
      [used, 'is used up (1 of 1 uses)'],
      [
        `${good.token.slice(0, 50)}${good.token[50] === 'A' ? 'B' : 'A'}${good.token.slice(51)}`,
        'was altered',
      ],
      [good.token.slice(0, 90), 'is truncated'],
    ];
    for (const [i, [token, expected]] of cases.entries()) {
      await writeFile(join(cwd, `t${i}`), token, { mode: 0o600 });
      const agent = run(t, cwd, ...agentArguments(i), '--set', `cluster.tokenFile=${join(cwd, `t${i}`)}`);
      await until(expected, () => agent.output().includes(expected));
      t.notMatch(agent.output(), token);
    }
    const other = run(t, cwd, 'controller', 'run', ...controllerArguments(7));
    const file = join(cwd, 'controller-7/admin-credentials.json');
    await until('another cluster', () => other.output().includes('firstRunUrl'));
    const theirs = JSON.parse(await readFile(file, 'utf8')) as object;
    const ours = JSON.parse(await readFile(join(state, 'controller/admin-credentials.json'), 'utf8')) as {
      server: string;
      caPem: string;
    };
    await writeFile(join(cwd, 'a.json'), JSON.stringify({ ...theirs, server: ours.server }));
    await writeFile(
      join(cwd, 'b.json'),
      JSON.stringify({ ...theirs, server: ours.server, caPem: ours.caPem }),
    );
    t.match(await shoal(cwd, '--credentials', 'a.json', 'status'), {
      code: 3,
      stderr: /of another CA than these credentials/,
    });
    t.match(await shoal(cwd, '--credentials', 'b.json', 'status'), {
      code: 3,
      stderr: /No client certificate of this cluster's CA/,
    });
  });

  await t.test('an address that is taken is named by its key', async (t) => {
    const takenBy: readonly (readonly [string, string])[] = [
      ['http.listen', `${network}.1:9897`],
      ['grpc.listen', `${network}.1:9898`],
      ['gossip.listen', `${network}.4:9896`],
    ];
    for (const [key, address] of takenBy) {
      const { code, stderr } = await shoal(
        cwd,
        'controller',
        'run',
        ...controllerArguments(8),
        '--set',
        `${key}=${address}`,
      );
      t.equal(code, 5, stderr);
      t.match(stderr, new RegExp(`error: ${key.replace('.', '\\.')}.*${address}.*(taken|in use)`));
    }
    const demo = await shoal(cwd, 'demo', '--dir', 'second', '--network', network);
    t.match(demo, { code: 5, stderr: /error: gossip\.listen: TCP 127\.71\.0\.4:9896 is in use/ });
    const metrics = await shoal(cwd, ...agentArguments(8), '--set', `metrics.listen=${network}.2:9899`);
    t.match(metrics, { code: 5, stderr: /metrics on 127\.71\.0\.2:9899: it is taken/ });
    const second = await shoal(cwd, 'agent', 'run', '--config', join(state, 'node-2.yaml'));
    t.match(second, { code: 5, stderr: /data directory .*node-2 is in use by process \d+/ });
  });

  await t.test('no secret is in a log, in the store of the audit, or among the processes', async (t) => {
    const secrets = [1, 2, 3].flatMap((n) => {
      const token = readFileSync(join(state, `node-${n}.token`), 'utf8').trim();
      const fields = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as string[];
      return [token, fields[3] ?? ''];
    });
    secrets.push(readFileSync(join(state, 'controller/metrics-token'), 'utf8').trim());
    const { keyPem, gossipKeys } = JSON.parse(readFileSync(join(state, 'node-2/identity.json'), 'utf8')) as {
      keyPem: string;
      gossipKeys: string[];
    };
    const logs = ['controller', 'node-1', 'node-2', 'node-3'].map((name) =>
      readFileSync(join(state, `${name}.log`), 'utf8'),
    );
    const places = [
      ...logs,
      ...commandLines(),
      readFileSync(join(state, 'controller/store/data.mdb'), 'latin1'),
    ];
    for (const secret of secrets) t.notOk(places.some((text) => text.includes(secret)));
    for (const secret of [keyPem.split('\n')[1] ?? '', ...gossipKeys])
      t.notOk(logs.some((text) => text.includes(secret)));
  });

  function agentArguments(n: number): string[] {
    const settings = [
      `node.name=x${n}`,
      `dataDir=${cwd}/agent-${n}`,
      'supervisor=process',
      `gossip.listen=${network}.9:989${n}`,
    ];
    const all = [...settings, 'metrics.listen=off', `cluster.controller=${network}.1:9898`];
    return ['agent', 'run', ...all.flatMap((setting) => ['--set', setting])];
  }

  function controllerArguments(n: number): string[] {
    const listen = ['http:9897', 'grpc:9898', 'gossip:9896'].map((part) =>
      part.replace(':', `.listen=${network}.1${n}:`),
    );
    return [`dataDir=${cwd}/controller-${n}`, ...listen].flatMap((setting) => ['--set', setting]);
  }
});
