import type { Logger } from '@shoal/common';
import type { TrafficReader } from '../observe/traffic/window.js';
import type { SecretStore } from '../secrets/secret-store.js';
import type { ProcessTiming } from '../supervise/supervised-process.js';
import type { Clock } from './clock.js';
import type { RunCommand } from './command.js';
import type { ConvergeListener, SupervisorKind, TemplateFacts } from './converger.js';
import type { Probe } from './health.js';

/** What a converger is made of; the optional parts are tuning, and seams for tests. */
export interface ConvergerOptions {
  /** The agent's data directory, locked by the agent. */
  readonly dataDir: string;
  readonly supervisor: SupervisorKind;
  /** What templates see; asked at each rendering. */
  readonly facts: () => TemplateFacts;
  readonly listener: ConvergeListener;
  readonly logger: Logger;
  /** Default: the host's clock. */
  readonly clock?: Clock;
  /** Runs commands; default: really. */
  readonly run?: RunCommand;
  /** Asks for health; default: really. */
  readonly probe?: Probe;
  /** The services' own traffic; default: nothing is known of it. */
  readonly traffic?: TrafficReader;
  /** How long changed facts are gathered before templates are rendered again, in milliseconds; they are at most once in twice this time. Default 500. */
  readonly factsDelayMs?: number;
  /** How long `stop` waits for the step under way before it ends its command, in milliseconds. Default 10000. */
  readonly stopGraceMs?: number;
  /** Default: those of the data directory. */
  readonly secrets?: SecretStore;
  /** How often it is looked whether what is in force holds, in milliseconds. Default 10000. */
  readonly driftIntervalMs?: number;
  /** Timing of child processes (process supervisor). */
  readonly processTiming?: Partial<ProcessTiming>;
}
