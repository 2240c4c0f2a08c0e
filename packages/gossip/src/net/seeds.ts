import { isIP } from 'node:net';
import { type Address, formatAddress } from '../core/index.js';
import { messageOf } from './gossip-error.js';
import { parsePlace, resolveAddress } from './resolve.js';

/** The places that a member was told to join through, and what their names resolve to now. */
export class Seeds {
  readonly #defaultPort: number;
  readonly #places = new Map<string, Address>();

  constructor(defaultPort: number) {
    this.#defaultPort = defaultPort;
  }

  /** Adds a place and resolves it. Throws GossipError BAD_ADDRESS; a name that doesn't resolve is kept for later. */
  async add(place: string): Promise<Address> {
    const address = parsePlace(place, this.#defaultPort);
    this.#places.set(place, address);
    return resolveAddress(address);
  }

  /** True if some place is a name, whose address may change. */
  get hasNames(): boolean {
    return [...this.#places.values()].some((address) => isIP(address.host) === 0);
  }

  /** All addresses that can be resolved now. */
  async resolve(): Promise<Address[]> {
    const settled = await Promise.allSettled([...this.#places.values()].map(resolveAddress));
    const found = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    return [...new Map(found.map((address) => [formatAddress(address), address])).values()];
  }
}

/** One address that could not be joined. */
export interface JoinFailure {
  readonly address: string;
  readonly message: string;
}

/** What a join came to. */
export interface JoinResult {
  readonly joined: number;
  readonly errors: readonly JoinFailure[];
}

/** Counts how many attempts went well and keeps the reasons of the others. */
export async function joinAll(
  places: readonly string[],
  join: (place: string) => Promise<void>,
): Promise<JoinResult> {
  const settled = await Promise.allSettled(places.map(join));
  const errors = settled.flatMap((result, i) =>
    result.status === 'rejected' ? [{ address: places[i] ?? '', message: messageOf(result.reason) }] : [],
  );
  return { joined: places.length - errors.length, errors };
}
