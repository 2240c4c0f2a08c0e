import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, isRolloutEnded, type Logger } from '@shoal/common';
import type { Test } from 'tap';
import { type ControllerOptions, type RunningController, startController } from './controller.js';
import { enroll, FakeAgent } from './link/fake-agent.js';
import type { Actor } from './services.js';

/** Who asks in tests. */
export const admin: Actor = { name: 'ann', role: 'admin', door: 'grpc' };
/** Says nothing. */
export const logger: Logger = createLogger({ name: 'controller', level: 'silent' });

/** A blueprint `web` with one parameter, `body`. */
export const blueprint = `name: web
version: 1.0.0
description: a service for tests
parameters:
  body: {type: string, description: what it serves, default: hello}
steps:
  - {id: conf, type: file, path: /tmp/web.conf, content: "{{ params.body }}"}
process: {command: [/bin/true]}
`;
/** A spec that has `web` on every node; `extra`: more of its lines. */
export const specOf = (body: string, extra = ''): string =>
  `cluster: shoal\nservices:\n  web:\n    blueprint: web\n    nodes: all\n    params: {body: ${body}}\n${extra}`;

/** Waits for a condition; throws after 30 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(5);
  }
}

/** Options of a controller on ports of its own, its data below `directory`. */
export function options(directory: string, config: ControllerOptions['config'] = {}): ControllerOptions {
  return {
    logger,
    config: {
      dataDir: join(directory, 'data'),
      http: { listen: '127.20.0.1:0' },
      grpc: { listen: '127.20.0.1:0' },
      gossip: { listen: '127.20.0.1:0' },
      blueprints: [join(directory, 'blueprints')],
      ...config,
    },
  };
}

/** A controller that is stopped with the test. */
export async function start(
  t: Test,
  directory: string,
  config?: ControllerOptions['config'],
): Promise<RunningController> {
  const controller = await startController(options(directory, config));
  t.teardown(() => controller.stop());
  return controller;
}

/** A directory with the blueprint. */
export const fixture = (t: Test): string =>
  t.testdir({ blueprints: { web: { 'blueprint.yaml': blueprint } } });

/** Agents that are enrolled and linked. */
export async function agents(
  t: Test,
  controller: RunningController,
  names: readonly string[],
): Promise<FakeAgent[]> {
  const { token } = await controller.services.tokens.create({ ttlMs: 60_000, uses: names.length }, admin);
  const made: FakeAgent[] = [];
  for (const name of names) {
    const agent = new FakeAgent(
      controller.addresses.grpc,
      await enroll(controller.addresses.grpc, token, name),
    );
    t.teardown(() => agent.close());
    await agent.connect();
    made.push(agent);
  }
  await until(
    'all linked',
    () => controller.services.nodes.list().filter((node) => node.connected).length === names.length,
  );
  return made;
}

/** Applies a spec. */
export const apply = (
  controller: RunningController,
  spec: string,
  basedOn?: number,
): Promise<{ revision: number; changed: boolean }> =>
  controller.services.specs.apply(
    { spec, file: 'cluster.yaml', reason: 'test', ...(basedOn === undefined ? {} : { basedOn }) },
    admin,
  );
/** Waits for a rollout's end. */
export const ended = (controller: RunningController, revision: number): Promise<void> =>
  until(`rollout ${revision} ends`, async () =>
    isRolloutEnded((await controller.services.rollouts.get(revision)).status),
  );
