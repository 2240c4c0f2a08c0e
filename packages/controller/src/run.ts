import { runUntilSignal } from '@shoal/common';
import { type ControllerOptions, startController } from './controller.js';

/**
 * `shoal controller run`: starts a controller and resolves once it has ended, by SIGTERM or SIGINT; a second signal ends the process at once.
 * SIGHUP has it read its license file again.
 *
 * @throws ShoalError as `startController`
 */
export async function runController(options: ControllerOptions): Promise<void> {
  await runUntilSignal(
    () => startController(options),
    (controller) => controller.reload(),
  );
}
