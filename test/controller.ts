import { join } from 'node:path';
import type { Logger } from '@shoal/common';
import { type RunningController, startController } from '@shoal/controller';
import type { Test } from 'tap';

/** A controller in this process, at `.1` of a loopback network such as `127.60.1`; it stops with the test. */
export async function controllerFor(
  t: Test,
  options: { directory: string; network: string; logger: Logger; gossipKeySettleMs: number },
): Promise<RunningController> {
  const { directory, network, logger, gossipKeySettleMs } = options;
  const controller = await startController({
    env: {},
    config: {
      dataDir: join(directory, 'controller'),
      http: { listen: `${network}.1:0` },
      grpc: { listen: `${network}.1:0` },
      gossip: { listen: `${network}.1:9896` },
    },
    logger,
    gossipKeySettleMs,
  });
  t.teardown(() => controller.stop());
  return controller;
}
