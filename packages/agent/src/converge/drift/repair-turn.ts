import type { MemberView } from '@shoal/common';
import { drainingOfTags, servicesOfTags } from '@shoal/common';
import type { RenderedService, RenderedStep } from '../render/rendered.js';

/** How much later each further node of a service may begin, in milliseconds: long enough for the one before to have said that it drains. */
const turnMs = 5000;

/** What is known when the repair of a service is due. */
export interface RepairTurn {
  readonly service: RenderedService;
  /** Ids of the steps that drifted. */
  readonly steps: readonly string[];
  /** When the first of them was seen, and now: milliseconds since the epoch. */
  readonly since: number;
  readonly now: number;
  /** This node's name. */
  readonly node: string;
  readonly members: readonly MemberView[];
}

/**
 * Whether a repair by policy may begin now. What makes the same change on every host must not have all of them restart a service at once: one that drains
 * is repaired in the order of its nodes' names, and only while no other node drains it. What disturbs nobody needn't wait.
 */
export function isItsTurn({ service, steps, since, now, node, members }: RepairTurn): boolean {
  const { drain, name } = service;
  if (drain === undefined) return true;
  const drifted = service.steps.filter(({ id }) => steps.includes(id));
  if (drain.on !== 'change' && !drifted.some(mayDisturb)) return true;
  const others = members.filter(
    (member) => member.name !== node && Object.hasOwn(servicesOfTags(member.tags), name),
  );
  if (others.some(({ tags }) => drainingOfTags(tags).includes(name))) return false;
  const rank = others.filter((member) => member.name < node).length;
  return now - since >= rank * turnMs;
}

/** A process that doesn't run any more, its own step's matter, serves nobody. */
function mayDisturb(step: RenderedStep): boolean {
  return step.type === 'package' || step.type === 'unit' || ('notify' in step && step.notify !== null);
}
