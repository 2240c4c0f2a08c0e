import type { TemplateMember } from '@shoal/common';

/** Members as far as counting goes. */
export type CountedMember = Pick<TemplateMember, 'name' | 'services' | 'draining'>;

/** How long a service must have had another number of nodes before templates hear of it, in milliseconds. */
export const settleMs: number = 5 * 60_000;
/** How much later each further node of the service takes the new number, in milliseconds: longer than a drained restart. */
export const staggerMs: number = 60_000;
/** When to look again while another node is being drained, in milliseconds. */
const retryMs = 5_000;

/** What is known when a service's number of nodes is asked for. */
export interface SizeQuestion {
  readonly service: string;
  /** This node. It counts, whatever the gossip says: it asks because it runs the service. */
  readonly node: string;
  /** The living members. */
  readonly members: readonly CountedMember[];
  /** The number that templates got last; undefined: none yet. */
  readonly known: number | undefined;
  readonly now: number;
}

/** A service's number of nodes, for its templates. */
export interface SizeAnswer {
  readonly size: number;
  /** Milliseconds until a changed number may be taken over; undefined: nothing is waited for. */
  readonly againIn?: number;
}

/**
 * Counts the nodes that run a service, slowly. A number that templates use (for a share of a rate limit) may cost a restart, so a node that went
 * away or came is not believed in for five minutes; then the service's nodes take the new number over one after another, in the order of
 * their names, each only while no other one is being drained. The first number is taken at once.
 */
export class ServiceSizes {
  readonly #changed = new Map<string, { readonly size: number; readonly since: number }>();

  ask({ service, node, members, known, now }: SizeQuestion): SizeAnswer {
    const others = members.filter(({ name, services }) => name !== node && Object.hasOwn(services, service));
    const size = others.length + 1;
    if (known === undefined || known === size) {
      this.#changed.delete(service);
      return { size };
    }
    const rank = others.filter(({ name }) => name < node).length;
    const wait = this.#sinceWhen(service, size, now) + settleMs + rank * staggerMs - now;
    if (wait > 0) return { size: known, againIn: wait };
    if (others.some(({ draining }) => draining.includes(service))) return { size: known, againIn: retryMs };
    return { size };
  }

  #sinceWhen(service: string, size: number, now: number): number {
    const changed = this.#changed.get(service);
    if (changed?.size === size) return changed.since;
    this.#changed.set(service, { size, since: now });
    return now;
  }
}
