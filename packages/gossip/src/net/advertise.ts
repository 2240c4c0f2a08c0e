import type { Address } from '../core/index.js';
import type { CheckedOptions } from './check-options.js';
import { GossipError } from './gossip-error.js';
import type { GossipOptions } from './options.js';
import { reachableHost, reaches, resolveAddress, systemResolver } from './resolve.js';
import type { Sockets } from './sockets.js';

/** Why a member may not have this numeric address; undefined if it may. */
export type HostRefusal = (host: string) => string | undefined;

/** Refuses hosts outside of the allowed networks, and those that the bound socket can't reach. */
export function hostRefusal({ allowed, bind: { host: bound } }: CheckedOptions): HostRefusal {
  return (host) => {
    if (!allowed(host)) return `${host} is in no allowed network`;
    return reaches(bound, host) ? undefined : `${host} cannot be reached from a socket bound to ${bound}`;
  };
}

/**
 * The address by which others reach this member: the one that is asked for, else that of its sockets. Rejects with a GossipError: BAD_ADDRESS when it has
 * none, INVALID_OPTION when it is refused.
 */
export async function advertisedAddress(
  options: GossipOptions,
  sockets: Sockets,
  refusesHost: HostRefusal,
): Promise<Address> {
  const host = options.advertise?.host ?? reachableHost(sockets.host);
  const port = options.advertise?.port || sockets.port;
  const resolver = options.resolve ?? systemResolver;
  const [first, ...more] = await resolveAddress({ host, port }, resolver);
  if (!first) throw new GossipError('BAD_ADDRESS', `'${host}' has no address`);
  const address = [first, ...more].find((found) => refusesHost(found.host) === undefined);
  if (address) return address;
  throw new GossipError('INVALID_OPTION', `advertise.host: ${refusesHost(first.host)}`);
}
