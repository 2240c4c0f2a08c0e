import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent } from '@shoal/agent';
import { createLogger, gossipKeyFingerprint } from '@shoal/common';
import type { Actor, RunningController } from '@shoal/controller';
import t, { type Test } from 'tap';
import { controllerFor } from '../controller.js';
import { temporaryDirectory } from '../demo.js';
import { until } from '../until.js';
import { SerfAgent, serfMissing } from './serf-agent.js';

const network = '127.18.1';
const admin: Actor = { name: 'ann', role: 'admin', door: 'grpc' };
/** How long a key can't be removed after another one became the primary. */
const settleMs = 3000;

/** A controller and one agent. */
async function cluster(t: Test): Promise<{ controller: RunningController; keys: () => Promise<Buffer[]> }> {
  const directory = await temporaryDirectory(t);
  const controller = await controllerFor(t, {
    directory,
    network,
    logger: createLogger({ name: 'controller', level: 'silent' }),
    gossipKeySettleMs: settleMs,
  });
  const { token } = await controller.services.tokens.create({ ttlMs: 60_000, uses: 1 }, admin);
  const agent = await startAgent({
    env: {},
    flags: {
      'node.name': 'n1',
      dataDir: join(directory, 'n1'),
      'cluster.controller': controller.addresses.grpc,
      'cluster.token': token,
      'gossip.listen': `${network}.2:9896`,
      'metrics.listen': `${network}.2:9899`,
      supervisor: 'process',
      'log.level': 'silent',
    },
  });
  t.teardown(() => agent.stop());
  const keys = async (): Promise<Buffer[]> => {
    const text = await readFile(join(directory, 'n1', 'identity.json'), 'utf8');
    const { gossipKeys } = JSON.parse(text) as { gossipKeys: string[] };
    return gossipKeys.map((key) => Buffer.from(key, 'base64'));
  };
  await until('the agent reports', () => controller.services.gossipKeys.view().keys[0]?.heldBy === 2);
  return { controller, keys };
}

/** How Serf and Shoal see each other. */
async function sight({ services }: RunningController, serf: SerfAgent): Promise<string> {
  const view = await serf.view();
  const ours = await services.members.list('n1');
  const judge = ours.find(({ name }) => name === serf.name)?.state;
  return `controller ${view.get('controller')?.state}, n1 ${view.get('n1')?.state}, serf ${judge}`;
}

const together = 'controller alive, n1 alive, serf alive';

t.test(
  'a serf agent goes through a rotation by single steps; by a rotation of Shoal alone it is left behind',
  { skip: serfMissing, timeout: 115_000 },
  async (t) => {
    const { controller, keys } = await cluster(t);
    const { gossipKeys } = controller.services;
    const [old] = await keys();
    if (old === undefined) throw new Error('no key');
    const start = async (name: string, key: Buffer | undefined): Promise<SerfAgent> => {
      const serf = await SerfAgent.start(t, { name, host: `${network}.3`, port: 9896, profile: 'lan', key });
      await serf.join(`${network}.2:9896`);
      await until('all meet', async () => (await sight(controller, serf)) === together);
      return serf;
    };
    const serf = await start('judge', old);

    const { fingerprint } = await gossipKeys.install();
    await until('the node has both', async () => (await keys()).length === 2);
    const fresh = (await keys())[1] ?? Buffer.alloc(0);
    t.equal(gossipKeyFingerprint(fresh), fingerprint, 'the new key is the second one in identity.json');
    const told = await serf.changeKeys('install', fresh);
    t.match(told, '1/3 nodes reported success', 'members of ours do not answer the queries of serf');
    await gossipKeys.use(fingerprint, []);
    await until('all use it', () => gossipKeys.view().keys[0]?.usedBy === 2);
    t.match(await serf.changeKeys('use', fresh), '1/3 nodes reported success');
    await pause(settleMs);
    await gossipKeys.remove(gossipKeyFingerprint(old), []);
    await until('all forgot the old one', async () => (await keys()).length === 1);
    t.match(await serf.changeKeys('remove', old), '1/3 nodes reported success');
    await serf.setTags({ after: 'rotation' });
    await until('news of serf is heard', async () => {
      const judge = (await controller.services.members.list('n1')).find(({ name }) => name === serf.name);
      return judge?.tags['after'] === 'rotation';
    });
    await until('all see each other', async () => (await sight(controller, serf)) === together);

    await gossipKeys.rotate([], admin);
    await until('the end', () => gossipKeys.view().rotation?.stage === 'done');
    await until('each calls the others dead', async () => {
      return (await sight(controller, serf)) === 'controller dead, n1 dead, serf dead';
    });
    await serf.kill();
    await start('judge', (await keys())[0]);
  },
);
