import type { Host } from './host.js';

const unit = 'shoal-controller';
const dropIn = `/run/systemd/system/${unit}.service.d/stay-down.conf`;

/** Lets systemd leave the controller dead when it is killed next. */
export async function keepControllerDown(controller: Host): Promise<void> {
  await controller.write(dropIn, '[Service]\nRestart=no\n');
  await controller.exec('systemctl daemon-reload');
}

/** A shell command that kills the controller's process, unasked and at once. */
export const killController: string = `kill -KILL $(systemctl show --property=MainPID --value ${unit})`;

/** Starts the controller again, under systemd's usual care. */
export async function startController(controller: Host): Promise<void> {
  await controller.exec(['rm', dropIn]);
  await controller.exec(`systemctl daemon-reload && systemctl start ${unit}`);
}
