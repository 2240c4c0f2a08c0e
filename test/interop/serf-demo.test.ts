import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { ended, shoal, startDemo, temporaryDirectory } from '../demo.js';

const run = promisify(execFile);
const network = '127.63.0';
const skip =
  spawnSync('serf', ['version']).status !== 0 && process.env['CI'] !== 'true'
    ? 'the package serf is not installed: apt-get install serf'
    : false;

interface SerfMember {
  readonly name: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function members(rpc: string): Promise<readonly SerfMember[]> {
  try {
    const { stdout } = await run('serf', ['members', `-rpc-addr=${rpc}`, '-format=json']);
    return (JSON.parse(stdout) as { members: SerfMember[] }).members;
  } catch {
    // It is starting.
    return [];
  }
}

async function until(
  what: string,
  look: () => Promise<readonly SerfMember[]>,
  good: (all: readonly SerfMember[]) => boolean,
): Promise<readonly SerfMember[]> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not so in 40 s: ${JSON.stringify(seen)}`);
  }
}

/** The process id of the demo's agent with this configuration. */
async function agentPid(demo: ChildProcess, name: string): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(demo.pid)]);
  const line = stdout.split('\n').find((text) => text.includes(`${name}.yaml`));
  return Number.parseInt(line ?? '', 10);
}

test('a real serf agent joins the demo, sees its members with their tags, and sees one die', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const cwd = await temporaryDirectory(t);
  const { demo } = await startDemo(t, cwd, network);
  const identity = JSON.parse(await readFile(join(cwd, '.shoal-demo/node-1/identity.json'), 'utf8')) as {
    gossipKeys: string[];
  };
  const rpc = `${network}.9:7373`;
  const serf = spawn(
    'serf',
    [
      'agent',
      '-node=judge',
      `-bind=${network}.9:9896`,
      `-rpc-addr=${rpc}`,
      `-encrypt=${identity.gossipKeys[0] ?? ''}`,
      `-join=${network}.4:9896`,
    ],
    { stdio: 'ignore' },
  );
  t.teardown(() => serf.kill('SIGKILL'));

  const alive = (all: readonly SerfMember[]): number => all.filter((m) => m.status === 'alive').length;
  const seen = await until(
    'serf sees all members with their services',
    () => members(rpc),
    (all) => alive(all) === 5 && all.filter((m) => m.tags['svc'] === 'web:h').length === 3,
  );
  const tags = new Map(seen.map((m) => [m.name, m.tags]));
  t.match(tags.get('controller'), { role: 'controller' });
  for (const name of ['node-1', 'node-2', 'node-3']) {
    t.match(tags.get(name), { role: 'agent', site: 'demo', rev: '1', svc: 'web:h' }, name);
  }
  const ours = JSON.parse((await shoal(cwd, 'members', '--json')).stdout) as {
    name: string;
    state: string;
  }[];
  t.match(
    ours.find((m) => m.name === 'judge'),
    { state: 'alive' },
    'Shoal sees serf',
  );

  const killed = performance.now();
  process.kill(await agentPid(demo, 'node-3'), 'SIGKILL');
  const status = (all: readonly SerfMember[], name: string): string | undefined =>
    all.find((m) => m.name === name)?.status;
  const after = await until(
    'serf sees node-3 fail',
    () => members(rpc),
    (all) => status(all, 'node-3') === 'failed',
  );
  t.comment(
    `serf called node-3 failed ${((performance.now() - killed) / 1000).toFixed(1)} s after its kill -9`,
  );
  t.equal(status(after, 'node-1'), 'alive');
  t.equal(status(after, 'node-2'), 'alive');

  const gone = ended(demo);
  demo.kill('SIGINT');
  t.equal(await gone, 0, 'the demo outlives a killed agent and stops when asked');
  const { stdout: running } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
  t.same(
    running.split('\n').filter((line) => line.includes(cwd)),
    [],
    'the service of the killed agent is stopped too',
  );
  t.equal(
    status(
      await until(
        'serf sees them leave',
        () => members(rpc),
        (all) => status(all, 'node-1') === 'left',
      ),
      'node-1',
    ),
    'left',
  );
});
