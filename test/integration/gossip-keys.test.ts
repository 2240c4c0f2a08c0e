import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { type RunningAgent, startAgent } from '@shoal/agent';
import { type ClusterEvent, createLogger, type GossipKeysView, gossipKeyFingerprint } from '@shoal/common';
import type { Actor, RunningController } from '@shoal/controller';
import t, { type Test } from 'tap';
import { controllerFor } from '../controller.js';
import { ended, shoal, temporaryDirectory } from '../demo.js';
import { until } from '../until.js';

const command = join(import.meta.dirname, '../../../packages/cli/bin/shoal.js');
const admin: Actor = { name: 'ann', role: 'admin', door: 'grpc' };

/** Agents on loopback addresses of their own, all in this process. */
class Agents {
  readonly #running = new Map<string, RunningAgent>();
  readonly #directory: string;
  readonly #network: string;
  readonly #controller: string;

  constructor(t: Test, options: { directory: string; network: string; controller: string }) {
    this.#directory = options.directory;
    this.#network = options.network;
    this.#controller = options.controller;
    t.teardown(() => Promise.all([...this.#running.values()].map((agent) => agent.stop())));
  }

  /** Starts the agent of this number, with a token the first time. */
  async start(number: number, token?: string): Promise<void> {
    const name = `n${number}`;
    const host = `${this.#network}.1${number}`;
    const agent = await startAgent({
      env: {},
      flags: {
        'node.name': name,
        dataDir: join(this.#directory, name),
        'cluster.controller': this.#controller,
        ...(token === undefined ? {} : { 'cluster.token': token }),
        'gossip.listen': `${host}:9896`,
        'metrics.listen': `${host}:9899`,
        supervisor: 'process',
        'log.level': 'silent',
      },
    });
    this.#running.set(name, agent);
  }

  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  /** Fingerprints of the keys that a node has on disk, the primary first. */
  async stored(name: string): Promise<string[]> {
    return (await this.secrets(name)).map((key) => gossipKeyFingerprint(Buffer.from(key, 'base64')));
  }

  async secrets(name: string): Promise<string[]> {
    const text = await readFile(join(this.#directory, name, 'identity.json'), 'utf8');
    return (JSON.parse(text) as { gossipKeys: string[] }).gossipKeys;
  }

  /** Packets and streams that a node's gossip refused since its start. */
  async refused(name: string): Promise<number> {
    const text = await (await fetch(`http://${this.#network}.1${name.slice(1)}:9899/metrics`)).text();
    const lines = text.split('\n').filter((line) => /^\w*gossip_(packets|streams)_refused_total /.test(line));
    if (lines.length !== 2) throw new Error(`no figures of ${name}`);
    return lines.map((line) => Number(line.split(' ')[1])).reduce((sum, value) => sum + value);
  }
}

/** A controller in this process, and agents n1 to n4, all in the gossip. */
async function cluster(t: Test, network: string) {
  const directory = await temporaryDirectory(t);
  const log: string[] = [];
  const controller = await controllerFor(t, {
    directory,
    network,
    logger: createLogger({
      name: 'controller',
      level: 'debug',
      destination: { write: (line: string) => log.push(line) },
    }),
    gossipKeySettleMs: 300,
  });
  const agents = new Agents(t, { directory, network, controller: controller.addresses.grpc });
  const { token } = await controller.services.tokens.create({ ttlMs: 60_000, uses: 4 }, admin);
  for (const number of [1, 2, 3, 4]) await agents.start(number, token);
  await allMeet(controller, ['n1', 'n2', 'n3', 'n4']);
  return { directory, controller, agents, log };
}

/** Each of these nodes, and the controller, sees all of them alive. */
async function allMeet({ services }: RunningController, names: readonly string[]): Promise<void> {
  const alive = async (node?: string): Promise<string> => {
    const members = await services.members.list(node);
    const found = members.filter(({ state }) => state === 'alive').map(({ name }) => name);
    return found.sort().join();
  };
  const all = ['controller', ...names].sort().join();
  await until('all meet', async () => {
    const views = await Promise.all([undefined, ...names].map((node) => alive(node).catch(() => '')));
    return views.every((view) => view === all);
  });
}

/** Of this run alone: processes of a run that was killed go on. */
const networkOf = (test: 1 | 2 | 3): string => `127.15.${3 * (process.pid % 80) + test}`;

const keysOf = ({ keys }: GossipKeysView): string[] => keys.map(({ fingerprint }) => fingerprint);

function rotationEnds({ services }: RunningController, id: number): Promise<void> {
  return until(`rotation ${id} ends`, () => {
    const { rotation } = services.gossipKeys.view();
    return rotation?.id === id && rotation.endedAt !== null;
  });
}

t.test('rotations cut nobody off; who is away catches up; who is removed knows nothing', async (t) => {
  const { controller, agents, log } = await cluster(t, networkOf(1));
  const { gossipKeys, nodes } = controller.services;
  const events: ClusterEvent[] = [];
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  void (async () => {
    for await (const event of controller.services.events(stop.signal)) events.push(event);
  })();
  const secrets = new Set(await agents.secrets('n1'));
  const [first] = keysOf(gossipKeys.view());
  t.match(gossipKeys.view(), {
    members: 5,
    keys: [{ state: 'primary', heldBy: 5, usedBy: 5 }],
    rotation: null,
  });

  const before = await Promise.all(['n1', 'n2', 'n3', 'n4'].map((name) => agents.refused(name)));
  t.same(before, [0, 0, 0, 0]);
  for (const id of [1, 2, 3]) {
    await gossipKeys.rotate([], admin);
    await rotationEnds(controller, id);
    for (const key of await agents.secrets('n1')) secrets.add(key);
  }
  const view = gossipKeys.view();
  t.match(view.keys, [{ state: 'primary', heldBy: 5, usedBy: 5 }]);
  t.equal(view.keys.length, 1);
  t.not(keysOf(view)[0], first);
  for (const name of ['n1', 'n2', 'n3', 'n4']) {
    t.same(await agents.stored(name), keysOf(view), `${name} has it on disk`);
    t.equal(await agents.refused(name), 0, `${name} refused nothing`);
    t.same(nodes.get(name).gossipKeys?.held, keysOf(view));
  }
  const member = events.filter((event) => event.type === 'member');
  t.ok(
    member.every((event) => event.type !== 'member' || event.member.state === 'alive'),
    'nobody was suspected',
  );

  await agents.stop('n4');
  await until('n4 is away', () => !nodes.get('n4').connected);
  await gossipKeys.rotate([], admin);
  await t.rejects(gossipKeys.rotate([], admin), { code: 'conflict' });
  await until('only n4 is missing', () => gossipKeys.view().rotation?.ready === 4);
  t.match(gossipKeys.view().rotation, { stage: 'installing', waitingFor: [{ member: 'n4', why: 'away' }] });
  t.match((await controller.services.status()).warnings.join(), /rotation of the gossip key waits for n4/);
  await t.rejects(gossipKeys.ignore(['n5']), { code: 'not_found', hint: /Did you mean/ });
  await gossipKeys.ignore(['n4']);
  await rotationEnds(controller, 4);
  t.same(await agents.stored('n4'), keysOf(view), 'it missed the whole rotation');
  await agents.start(4);
  await allMeet(controller, ['n1', 'n2', 'n3', 'n4']);
  t.same(await agents.stored('n4'), keysOf(gossipKeys.view()));
  for (const key of await agents.secrets('n4')) secrets.add(key);

  const known = await agents.secrets('n3');
  t.same(await nodes.remove('n3', admin), { isRotating: true });
  await rotationEnds(controller, 5);
  t.match(gossipKeys.view(), { members: 4, rotation: { reason: 'node n3 removed', startedBy: 'ann' } });
  for (const key of await agents.secrets('n1')) {
    t.notOk(known.includes(key));
    secrets.add(key);
  }
  await allMeet(controller, ['n1', 'n2', 'n4']);
  t.same(await nodes.remove('n4', admin, { keepGossipKey: true }), { isRotating: false });
  t.equal(gossipKeys.view().rotation?.id, 5);

  const told = log.join('') + JSON.stringify([events, gossipKeys.view(), nodes.list()]);
  t.match(log.join(''), /gossip key rotation/);
  t.ok(secrets.size >= 6);
  for (const key of secrets) {
    for (const encoding of ['base64', 'hex', 'base64url'] as const)
      t.notOk(told.includes(Buffer.from(key, 'base64').toString(encoding)), 'no key is told');
  }
});

t.test('single steps, by hand; a rotation that is aborted leaves both keys', async (t) => {
  const { controller, agents } = await cluster(t, networkOf(2));
  const { gossipKeys } = controller.services;
  const [old = ''] = keysOf(gossipKeys.view());
  const { fingerprint } = await gossipKeys.install();
  await until('all hold it', () => gossipKeys.view().keys[1]?.heldBy === 5);
  t.same(await agents.stored('n2'), [old, fingerprint]);
  await t.rejects(gossipKeys.remove(old, []), { code: 'failed_precondition' });
  await gossipKeys.use(fingerprint.slice(0, 6), []);
  await until('all use it', () => gossipKeys.view().keys[0]?.usedBy === 5);
  await pause(300);
  await gossipKeys.remove(old, []);
  await until('all forgot the old one', () => keysOf(gossipKeys.view()).join() === fingerprint);
  await agents.stop('n1');
  await until('n1 is away', () => !controller.services.nodes.get('n1').connected);
  await gossipKeys.rotate([], admin);
  await until('only n1 is missing', () => gossipKeys.view().rotation?.ready === 4);
  const aborted = await gossipKeys.abort();
  t.match(aborted, {
    rotation: { stage: 'aborted' },
    keys: [{ fingerprint }, { state: 'installed', heldBy: 4 }],
  });
  await agents.start(1);
  await until('n1 holds both', () => gossipKeys.view().keys[1]?.heldBy === 5);
  for (const name of ['n2', 'n3', 'n4']) t.equal(await agents.refused(name), 0, `${name} refused nothing`);
});

t.test('a controller that is killed in every stage goes on, and the command waits for it', async (t) => {
  const directory = await temporaryDirectory(t);
  const network = networkOf(3);
  const args = ['http.listen', 'grpc.listen', 'gossip.listen'].flatMap((key, i) => [
    '--set',
    `${key}=${network}.1:${[9897, 9898, 9896][i]}`,
  ]);
  const killedIn = new Set<string>();
  const state = { isOver: false, kills: 0, started: 0 };
  let present = spawnController();
  t.teardown(async () => {
    state.isOver = true;
    const gone = ended(present);
    present.kill('SIGTERM');
    await gone;
  });
  /** Kills itself once in each stage, right as it entered it, and is started again. */
  function spawnController(): ReturnType<typeof spawn> {
    const run = ['controller', 'run', '--set', `dataDir=${join(directory, 'controller')}`, ...args];
    const child = spawn(process.execPath, [command, ...run], { cwd: directory });
    child.once('exit', () => {
      if (!state.isOver) present = spawnController();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, stage } = JSON.parse(line) as { msg: string; stage?: string };
      if (msg === 'controller started') state.started += 1;
      if (msg !== 'gossip key rotation' || stage === undefined || killedIn.has(stage)) return;
      killedIn.add(stage);
      state.kills += 1;
      child.kill('SIGKILL');
    });
    return child;
  }
  await until('the controller starts', () => state.started === 1);
  const credentials = join(directory, 'controller', 'admin-credentials.json');
  const ask = (...words: string[]) => shoal(directory, ...words, '--credentials', credentials);
  const { stdout: token } = await ask('token', 'create', '--uses', '3');
  const agents = new Agents(t, { directory, network, controller: `${network}.1:9898` });
  for (const number of [1, 2, 3]) await agents.start(number, token.trim());
  /** undefined: the controller is away. */
  const list = async (): Promise<GossipKeysView | undefined> => {
    const { code, stdout } = await ask('gossip-key', 'ls', '--json');
    return code === 0 ? (JSON.parse(stdout) as GossipKeysView) : undefined;
  };
  await until('all report', async () => (await list())?.keys[0]?.heldBy === 4);

  const begun = await ask('gossip-key', 'rotate', '--yes', '--detach');
  t.ok([0, 6].includes(begun.code), 'its answer may be lost: the controller is killed as it begins');
  let rotated = await ask('gossip-key', 'ls', '--follow', '--json');
  // It may have been away for the first question, too.
  while (rotated.code === 6) rotated = await ask('gossip-key', 'ls', '--follow', '--json');
  t.equal(rotated.code, 0, rotated.stderr);
  t.match(JSON.parse(rotated.stdout), { members: 4, rotation: { id: 1, stage: 'done' } });
  // It may have been killed once more as it ended: until the agents are back it knows what they reported before that.
  await until('all have reported again', async () => (await list())?.keys.length === 1);
  const view = await list();
  if (view === undefined) throw new Error('the controller is away, and was not killed');
  t.match(view.keys, [{ state: 'primary', heldBy: 4, usedBy: 4 }]);
  t.same([...killedIn].sort(), ['done', 'installing', 'removing', 'using']);
  t.ok(state.kills >= 3);
  for (const name of ['n1', 'n2', 'n3']) {
    t.same(await agents.stored(name), keysOf(view));
    t.equal(await agents.refused(name), 0, `${name} refused nothing`);
  }
});
