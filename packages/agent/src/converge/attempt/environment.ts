import type { GatePolicy, StepEvent } from '@shoal/common';
import type { TrafficReader } from '../../observe/traffic/window.js';
import type { Supervisor } from '../../supervise/supervisor.js';
import type { Clock } from '../clock.js';
import type { RunCommand } from '../command.js';
import type { Drains } from '../drain/drains.js';
import type { Elsewhere } from '../drain/elsewhere.js';
import type { TriedTimes } from '../gate/tried-times.js';
import type { HealthResult, Probe } from '../health.js';
import type { RenderedService } from '../render/rendered.js';
import type { StateFile } from '../state.js';
import type { PathGuard } from '../steps/safe-path.js';
import type { AttemptBegin } from './journal.js';

/** What an attempt works with. */
export interface AttemptEnvironment {
  readonly run: RunCommand;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly state: StateFile;
  readonly drains: Drains;
  readonly traffic: TrafficReader;
  readonly tried: TriedTimes;
  /** What the attempt is for; `facts` also while a service follows the members in the midst of another attempt. */
  readonly purpose: AttemptBegin['purpose'];
  /** How traffic is judged after the change; absent: by the defaults. */
  readonly gate: GatePolicy | undefined;
  /** Whether another node takes the service's requests. */
  elsewhere(service: string): Elsewhere;
  /** The attempt is through with a service. */
  settled(service: string): void;
  /** While one service changes, and waits for it, the others follow the members: a load balancer beside it has to see that it drains. */
  followMembers(changing: string): Promise<void>;
  /** The agent is stopping: the attempt is left, between two steps, for the next agent. */
  readonly stopping: AbortSignal;
  /** The agent can't wait any longer: commands are ended. */
  readonly ending: AbortSignal;
  /** Another manifest is asked for: nothing is waited for any more, no further step begins, and what was changed goes back. */
  readonly superseded: AbortSignal;
  /** Whatever ends a wait: `stopping` or `superseded`. */
  readonly wakes: AbortSignal;
  /** What the steps of a service must keep off. */
  guard(service: string): PathGuard;
  phase(phase: 'converging' | 'gating' | 'undoing'): void;
  event(service: string, step: string, kind: StepEventKind, text: string): void;
  /** While a service changes, the watcher of services in force looks away; what the gate sees is told here. */
  gateSaw(service: string, health: HealthResult): void;
  changing(service: string): void;
}

export type StepEventKind = 'started' | 'output' | 'unchanged' | 'done' | 'failed' | 'undone';

/** All fields of a StepEvent that an attempt doesn't know by itself. */
export type StepEventFrame = Pick<StepEvent, 'revision' | 'hash'>;

/** What shall be: the services in their order, rendered. */
export interface AttemptPlan {
  readonly services: readonly RenderedService[];
}

/** The attempt was left because the agent stops; the next one goes on. */
export class Interrupted extends Error {
  constructor() {
    super('the agent stops');
    this.name = 'Interrupted';
  }
}

/** The attempt is given up, because another manifest is asked for; what it changed is to be undone. */
export class Superseded extends Error {
  constructor() {
    super('another manifest was offered');
    this.name = 'Superseded';
  }
}

/** Throws Interrupted when the agent is stopping, Superseded when another manifest is asked for. */
export function goOn({ stopping, superseded }: Pick<AttemptEnvironment, 'stopping' | 'superseded'>): void {
  if (stopping.aborted) throw new Interrupted();
  if (superseded.aborted) throw new Superseded();
}

/** For undoing: it isn't given up, whatever is asked for meanwhile. */
export function toTheEnd(environment: AttemptEnvironment): AttemptEnvironment {
  return { ...environment, superseded: never, wakes: environment.stopping };
}

const never = new AbortController().signal;
