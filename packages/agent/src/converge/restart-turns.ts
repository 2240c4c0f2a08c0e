import type { MemberView } from '@shoal/common';
import { drainingOfTags, servicesOfTags } from '@shoal/common';
import { disturbs } from './attempt/disturbs.js';
import type { AttemptEnvironment } from './attempt/environment.js';
import type { RenderedDrain, RenderedService } from './render/rendered.js';
import { notifyingFiles } from './service-action.js';

/** How much later each further node of a service begins, in milliseconds: long enough for the one before to have said that it drains. */
const turnMs = 5000;
/** For so long at most each node before this one is waited for, in milliseconds. */
const longestTurnMs = 30_000;
/** The same in a node that is out of the gossip, and can't see whether the one before is back, in milliseconds. */
const degradedTurnMs = 10_000;
/** By then the last of such nodes begins, in milliseconds: of many some share a turn. */
export const degradedWithinMs: number = 60_000;
/** How often a service that waits for its turn is looked at, in milliseconds. */
export const lookAgainMs: number = 1000;

/** What is known when a service would be restarted because members or the lease changed. */
export interface TurnQuestion {
  readonly service: string;
  /** This node's name. */
  readonly node: string;
  /** The members that templates see. */
  readonly members: readonly Pick<MemberView, 'name' | 'tags'>[];
  /** They are those that were known when this node left the gossip: what they tell is not of now. */
  readonly membersFrozen: boolean;
  /** By `Clock.elapsed`. */
  readonly now: number;
}

interface Waiting {
  readonly since: number;
  /** When another node was last seen to be out of service. */
  busyAt: number;
}

/**
 * When a service may be restarted here because members or the lease changed: that happens on all its nodes at the same moment, and nobody leads them. They take
 * turns in the order of their names, each once no other one drains the service or is unhealthy, and at the latest when all those before it had half a minute. Nodes that are out of
 * the gossip, as all are that degrade together, go by time alone.
 */
export class RestartTurns {
  readonly #waiting = new Map<string, Waiting>();

  /** Whether it may be restarted now. */
  isMine({ service, node, members, membersFrozen, now }: TurnQuestion): boolean {
    const others = members.filter(
      ({ name, tags }) => name !== node && Object.hasOwn(servicesOfTags(tags), service),
    );
    const waiting = this.#waiting.get(service) ?? { since: now, busyAt: Number.NEGATIVE_INFINITY };
    this.#waiting.set(service, waiting);
    const rank = others.filter(({ name }) => name < node).length;
    if (membersFrozen) {
      const eachMs = Math.min(degradedTurnMs, degradedWithinMs / (others.length + 1));
      return now - waiting.since >= rank * eachMs;
    }
    const isOut = ({ tags }: (typeof others)[number]): boolean =>
      drainingOfTags(tags).includes(service) || servicesOfTags(tags)[service] === 'unhealthy';
    const isBusy = others.some(isOut);
    if (isBusy) waiting.busyAt = now;
    const quietMs = now - Math.max(waiting.since, waiting.busyAt);
    const hadTheirTurn = now - waiting.since >= (rank + 1) * longestTurnMs;
    return others.length === 0 || (!isBusy && quietMs >= rank * turnMs) || hadTheirTurn;
  }

  /** Only these wait, or are about to be restarted; what was known of others is forgotten. */
  keep(services: readonly string[]): void {
    for (const service of this.#waiting.keys()) {
      if (!services.includes(service)) this.#waiting.delete(service);
    }
  }
}

/** What changed members, or a changed lease, lead to. */
export interface FactsChange {
  /** Something is to be converged now. */
  readonly isDue: boolean;
  /** Services that would be restarted, and have to wait for their turn. */
  readonly later: readonly string[];
}

/** What becomes of the services that render to something else than what is in force. */
export async function factsChange(
  services: readonly RenderedService[],
  turns: RestartTurns,
  asked: Omit<TurnQuestion, 'service'>,
  environment: Pick<AttemptEnvironment, 'state' | 'supervisor'>,
): Promise<FactsChange> {
  const inForce = new Set(environment.state.current.services.map(({ digest }) => digest));
  const changed = services.filter(({ digest }) => !inForce.has(digest));
  const later: string[] = [];
  for (const service of changed) {
    const { name, process, drain = inPlace } = service;
    const future = { name, process, drain, files: notifyingFiles(service) };
    if (!(await disturbs(future, undefined, environment))) continue;
    if (!turns.isMine({ ...asked, service: name })) later.push(name);
  }
  turns.keep(later);
  return { isDue: changed.length > later.length, later };
}

/** For a service that is changed in place: only what restarts it disturbs it. */
const inPlace: RenderedDrain = { on: 'restart', quietMs: 0, settleMs: 0, timeoutMs: 0 };
