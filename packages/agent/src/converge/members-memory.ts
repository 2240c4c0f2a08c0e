import type { MemberView, PoolMemory, TemplateMember } from '@shoal/common';
import type { TemplateFacts } from './converger.js';

/** How long an agent that has just started may take to find the others, in milliseconds. */
const joinGraceMs = 60_000;
/** By then an agent that can reach any of the others knows of them, in milliseconds. */
const firstAnswersMs = 10_000;

/**
 * Keeps templates from seeing an empty or a not yet filled list of members. A list with this node alone counts for nothing
 * until the gossip showed another member since the start, or had a minute to: else each start of an agent would take all
 * others out of a load balancer and put them back.
 */
export class MembersMemory {
  readonly #startedAt: number;
  #joined = false;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** The facts with the members that templates shall see. `known`: those that were rendered last. */
  settle(facts: TemplateFacts, known: readonly MemberView[], now: number): TemplateFacts {
    if (facts.members.length > 1) this.#joined = true;
    const settled = this.#joined || now - this.#startedAt >= joinGraceMs;
    if (facts.members.length > 0 && (settled || known.length <= 1)) return facts;
    return { ...facts, members: known.length > 0 ? known : [itself(facts)] };
  }

  /** True while a list of nobody else may only mean that the others weren't asked yet. `known`: those that were rendered last. */
  isEarly(members: readonly MemberView[], known: readonly MemberView[], now: number): boolean {
    if (members.length > 1) this.#joined = true;
    return !this.#joined && known.length > 1 && now - this.#startedAt < firstAnswersMs;
  }

  /** Milliseconds until a list with this node alone is believed; 0: it is. */
  graceLeft(now: number): number {
    return this.#joined ? 0 : Math.max(0, this.#startedAt + joinGraceMs - now);
  }
}

function itself({ node }: TemplateFacts): MemberView {
  const address = node.address.includes(':') ? `[${node.address}]:0` : `${node.address}:0`;
  return { name: node.name, address, state: 'alive', tags: {}, incarnation: 0, since: 0 };
}

/** The pools of one rendering, and those of the rendering in force. */
export class RenderedPools implements PoolMemory {
  readonly #known: Readonly<Record<string, readonly TemplateMember[]>>;
  readonly #taken: Record<string, readonly TemplateMember[]> = {};

  constructor(known: Readonly<Record<string, readonly TemplateMember[]>>) {
    this.#known = known;
  }

  last(service: string): readonly TemplateMember[] | undefined {
    return Object.hasOwn(this.#known, service) ? this.#known[service] : undefined;
  }

  took(service: string, pool: readonly TemplateMember[]): void {
    this.#taken[service] = pool;
  }

  /** What templates got, by service. */
  get taken(): Readonly<Record<string, readonly TemplateMember[]>> {
    return this.#taken;
  }
}
