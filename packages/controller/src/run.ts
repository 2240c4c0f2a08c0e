import { type ControllerOptions, startController } from './controller.js';

/**
 * `shoal controller run`: starts a controller and resolves once it has ended, by SIGTERM or SIGINT; a second signal ends the process at once.
 *
 * @throws ShoalError as `startController`
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const controller = await startController(options);
  await new Promise<void>((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(1);
      asked = true;
      void controller.stop().then(resolve);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
