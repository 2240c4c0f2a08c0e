export {
  type ControllerConfig,
  type ControllerConfigSources,
  type ControllerSettings,
  readControllerConfig,
} from './config.js';
export { type ControllerOptions, type RunningController, startController } from './controller.js';
export { runController } from './run.js';
export type * from './services.js';
