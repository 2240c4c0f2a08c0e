import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, type Manifest } from '@shoal/common';
import type { Test } from 'tap';
import { Agent, type AgentSeams } from './agent.js';
import { readAgentConfig } from './config.js';
import type { ConvergeListener, TemplateFacts } from './converge/converger.js';
import { Backoff } from './link/backoff.js';
import { FakeController } from './testing/fake-controller.js';
import { FakeConverger } from './testing/fake-converger.js';

let nextHost = 1;

/** An agent that runs, and what its templates would see now. */
export interface Started {
  readonly agent: Agent;
  readonly converger: FakeConverger;
  facts(): TemplateFacts;
}

export interface World {
  /** Where controller and agents listen. */
  readonly host: string;
  readonly controller: FakeController;
  readonly dataDir: string;
  /** What the agents logged. */
  readonly log: readonly string[];
  /** Starts an agent; `flags` stand before what its configuration says by itself. `yaml`: its agent.yaml, which then says by itself whether it is in a cluster. */
  start(flags?: Record<string, unknown>, yaml?: string): Promise<Started>;
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
  const start = async (flags: Record<string, unknown> = {}, yaml?: string) => {
    let converger: FakeConverger | undefined;
    let facts: (() => TemplateFacts) | undefined;
    const seams: AgentSeams = {
      logger: createLogger({
        name: 'agent',
        level: 'debug',
        destination: { write: (line) => log.push(line) },
      }),
      createConverger: (given: { listener: ConvergeListener; facts: () => TemplateFacts }) => {
        facts = given.facts;
        converger = new FakeConverger(given.listener);
        return converger;
      },
      gossip: { profile: 'local' },
      backoff: () => new Backoff({ first: 50, longest: 200 }),
    };
    const config = await readAgentConfig({
      configFile: await fileOf(t, yaml ?? '{}\n'),
      flags: {
        'node.name': 'node-1',
        dataDir,
        ...(yaml === undefined
          ? { 'cluster.controller': controller.address, 'cluster.token': controller.token }
          : {}),
        'gossip.listen': `${host}:0`,
        'metrics.listen': `${host}:0`,
        'stats.interval': '1s',
        ...flags,
      },
    });
    const agent = await Agent.start(config, seams);
    t.teardown(() => agent.stop());
    if (converger === undefined || facts === undefined) throw new Error('no converger was made');
    return { agent, converger, facts };
  };
  return { host, controller, dataDir, log, start };
}

async function fileOf(t: Test, text: string): Promise<string> {
  const file = join(t.testdirName, 'agent.yaml');
  await writeFile(file, text);
  return file;
}

/** A manifest for the agent of `world`, without services. */
export function manifest(part: Partial<Manifest> = {}): Manifest {
  return { format: 1, clusterId: 'c-test', node: 'node-1', revision: 1, services: [], ...part };
}
