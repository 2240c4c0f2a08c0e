import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, type Manifest } from '@shoal/common';
import type { Test } from 'tap';
import { Agent, type AgentSeams } from './agent.js';
import { readAgentConfig } from './config.js';
import type { ConvergeListener } from './converge/converger.js';
import { Backoff } from './link/backoff.js';
import { FakeController } from './testing/fake-controller.js';
import { FakeConverger } from './testing/fake-converger.js';

let nextHost = 1;

export interface World {
  readonly controller: FakeController;
  readonly dataDir: string;
  /** What the agents logged. */
  readonly log: readonly string[];
  /** Starts an agent; `flags` stand before what its configuration says by itself. */
  start(flags?: Record<string, unknown>): Promise<{ agent: Agent; converger: FakeConverger }>;
}

/** A controller, and agents that come and go on one data directory. */
export async function world(
  t: Test,
  options: { certificateDays?: number; gossipKeys?: readonly Buffer[] } = {},
): Promise<World> {
  const host = `127.50.${1 + (process.pid % 250)}.${nextHost++}`;
  const controller = await FakeController.start({ host, ...options });
  t.teardown(() => controller.down());
  const dataDir = join(t.testdir(), 'data');
  const log: string[] = [];
  const start = async (flags: Record<string, unknown> = {}) => {
    let converger: FakeConverger | undefined;
    const seams: AgentSeams = {
      logger: createLogger({
        name: 'agent',
        level: 'debug',
        destination: { write: (line) => log.push(line) },
      }),
      createConverger: ({ listener }: { listener: ConvergeListener }) => {
        converger = new FakeConverger(listener);
        return converger;
      },
      gossip: { profile: 'local' },
      backoff: () => new Backoff({ first: 50, longest: 200 }),
    };
    const config = await readAgentConfig({
      configFile: await emptyFile(t),
      flags: {
        'node.name': 'node-1',
        dataDir,
        'cluster.controller': controller.address,
        'cluster.token': controller.token,
        'gossip.listen': `${host}:0`,
        'metrics.listen': `${host}:0`,
        'stats.interval': '1s',
        ...flags,
      },
    });
    const agent = await Agent.start(config, seams);
    t.teardown(() => agent.stop());
    if (converger === undefined) throw new Error('no converger was made');
    return { agent, converger };
  };
  return { controller, dataDir, log, start };
}

async function emptyFile(t: Test): Promise<string> {
  const file = join(t.testdirName, 'agent.yaml');
  await writeFile(file, '{}\n');
  return file;
}

/** A manifest for the agent of `world`, without services. */
export function manifest(part: Partial<Manifest> = {}): Manifest {
  return { format: 1, clusterId: 'c-test', node: 'node-1', revision: 1, services: [], ...part };
}
