import { type Address, canonicalHost, formatAddress } from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';
import { type Place, type Resolver, reaches, resolveAddress } from './resolve.js';

/** How places become addresses. */
export interface SeedsOptions {
  /** Numeric address that the sockets are bound to; it decides which family can be reached. */
  bound: string;
  resolve: Resolver;
}

/** The places that a member was told to join through, and what their names resolve to now. */
export class Seeds {
  readonly #options: SeedsOptions;
  readonly #places = new Map<string, Address>();

  constructor(options: SeedsOptions) {
    this.#options = options;
  }

  /**
   * Adds a place and gives its addresses, at least one. Throws GossipError BAD_ADDRESS if it has none that can be
   * reached; it is kept for later all the same.
   */
  async add({ text, address }: Place): Promise<Address[]> {
    this.#places.set(text, address);
    return this.#resolve(address);
  }

  /** True if some place is a name, whose addresses may change. */
  get hasNames(): boolean {
    return [...this.#places.values()].some((address) => canonicalHost(address.host) === undefined);
  }

  /** All addresses that can be resolved now. */
  async resolve(): Promise<Address[]> {
    const places = [...this.#places.values()];
    const settled = await Promise.allSettled(places.map((address) => this.#resolve(address)));
    const found = settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    return [...new Map(found.map((address) => [formatAddress(address), address])).values()];
  }

  async #resolve(address: Address): Promise<Address[]> {
    const { bound, resolve } = this.#options;
    const all = await resolveAddress(address, resolve);
    const usable = all.filter(({ host }) => reaches(bound, host));
    if (usable.length > 0) return usable;
    const [here, there] = bound.includes(':') ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
    const message = `'${address.host}' has only ${there} addresses, and this member is bound to ${here} alone`;
    throw new GossipError('BAD_ADDRESS', message, `bind to :: to reach both, or name an ${here} address`);
  }
}

/** One address that could not be joined. */
export interface JoinFailure {
  /** As it was given to `join`. */
  readonly address: string;
  /** Why, beginning with the address, or with those that a name stands for. */
  readonly message: string;
}

/** What a join came to. */
export interface JoinResult {
  /** Places through which the join went well. A name counts once, however many addresses it has. */
  readonly joined: number;
  readonly errors: readonly JoinFailure[];
}

/** Counts how many attempts went well and keeps the reasons of the others. */
export async function joinAll(
  places: readonly Place[],
  join: (place: Place) => Promise<void>,
): Promise<JoinResult> {
  const settled = await Promise.allSettled(places.map(join));
  const errors = settled.flatMap((result, i) =>
    result.status === 'rejected'
      ? [{ address: places[i]?.text ?? '', message: messageOf(result.reason) }]
      : [],
  );
  return { joined: places.length - errors.length, errors };
}
