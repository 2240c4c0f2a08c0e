import { join } from 'node:path';
import { didYouMean, lockHolder, ShoalError } from '@shoal/common';
import type { CommandContext } from '../context.js';
import { layoutOf } from './configuration.js';
import { typed } from './demo.js';
import { until } from './until.js';

/**
 * Stops one process of a demo, gracefully, and says how to start it again: to see what the others do without it.
 *
 * @param directory - the demo's
 * @throws ShoalError `invalid_input` for a name that the demo doesn't have, `failed_precondition` when it doesn't run
 */
export async function stopDemoProcess(
  context: CommandContext,
  name: string,
  directory: string,
): Promise<void> {
  const layout = layoutOf(directory);
  const parts = [
    {
      name: 'controller',
      directory: join(layout.directory, 'controller'),
      start: `controller run --config ${layout.controllerConfig}`,
    },
    ...layout.nodes.map((node) => ({ ...node, start: `agent run --config ${node.configFile}` })),
  ];
  const names = parts.map((part) => part.name);
  const part = parts.find((one) => one.name === name);
  if (part === undefined) {
    throw new ShoalError(
      'invalid_input',
      `The demo has ${names.join(', ')}, and no ${name}${didYouMean(name, names)}`,
    );
  }
  const pid = await lockHolder(part.directory);
  if (pid === undefined) {
    throw new ShoalError('failed_precondition', `No ${name} of a demo in ${layout.directory} runs`);
  }
  process.kill(pid, 'SIGTERM');
  await until(async () => (await lockHolder(part.directory)) !== pid, `${name} (process ${pid}) to end`, {
    ref: true,
  });
  const start = `${typed()} ${part.start}`;
  context.show({ name, pid, start }, () => `stopped ${name} (process ${pid})\n`);
  if (!context.json) context.note(`Start it again by: ${start}`);
}
