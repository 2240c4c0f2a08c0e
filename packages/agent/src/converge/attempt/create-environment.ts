import type { Redactor, StepEvent } from '@shoal/common';
import type { TemplateFacts } from '../converger.js';
import { elsewhere } from '../drain/elsewhere.js';
import type { MembersMemory } from '../members-memory.js';
import type { ServiceWatcher } from '../service-watcher.js';
import type { AttemptEnvironment } from './environment.js';
import type { AttemptBegin } from './journal.js';

/** The parts of the converger that attempts work with. */
export interface EnvironmentParts
  extends Pick<
    AttemptEnvironment,
    | 'run'
    | 'probe'
    | 'clock'
    | 'supervisor'
    | 'state'
    | 'drains'
    | 'traffic'
    | 'tried'
    | 'stopping'
    | 'ending'
    | 'guard'
    | 'phase'
  > {
  readonly facts: () => TemplateFacts;
  readonly members: MembersMemory;
  readonly watcher: ServiceWatcher;
  readonly redactor: () => Redactor;
  readonly stepEvent: (event: StepEvent) => void;
}

/** What one attempt works with. `superseded`: aborts when another manifest is asked for than that of this attempt. */
export function createEnvironment(
  { hash, revision, purpose, gate }: AttemptBegin,
  parts: EnvironmentParts,
  superseded: AbortSignal,
): AttemptEnvironment {
  const { facts, members: memory, watcher, redactor, stepEvent, ...shared } = parts;
  const { clock, state, stopping } = shared;
  return {
    ...shared,
    purpose,
    gate,
    elsewhere: (service) => {
      const { members, node } = facts();
      const found = elsewhere(members, node.name, service);
      // An agent that has just started doesn't know yet who is there.
      const isEarly = memory.isEarly(members, state.current.members, clock.elapsed());
      return found === 'nowhere' && isEarly ? 'runs' : found;
    },
    settled: () => {},
    followMembers: async () => {},
    superseded,
    wakes: AbortSignal.any([stopping, superseded]),
    event: (service, step, kind, text) => {
      const told = redactor().text(text);
      stepEvent({ revision, hash, service, step, kind, text: told, atMs: clock.now() });
    },
    gateSaw: (service, health) => watcher.gateSaw(service, health),
    changing: (service) => watcher.changing(service),
  };
}
