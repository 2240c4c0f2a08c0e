import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { type Address, canonicalHost, kindOf } from '../core/index.js';
import { GossipError, reasonOf } from './gossip-error.js';

/** Gives all numeric addresses, IPv4 or IPv6, of a host name. Rejects if there are none. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** The resolver of the operating system: hosts file, then DNS. */
export const systemResolver: Resolver = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/**
 * A place as a person writes it: host or host:port, IPv6 in brackets when a port follows. A node's name and a slash
 * may precede, as memberlist has it; it says whom one expects there and changes nothing. Throws GossipError BAD_ADDRESS.
 */
export function parsePlace(place: string, defaultPort: number): Address {
  const [, name, rest = ''] = /^(?:([^/]*)\/)?(.*)$/.exec(place) ?? [];
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(rest);
  const bare = rest.includes(':') ? canonicalHost(rest) : undefined;
  const host = bare ?? match?.[1] ?? match?.[2];
  const port = bare !== undefined || match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (name === '' || host === undefined) {
    throw new GossipError(
      'BAD_ADDRESS',
      `'${place}' is no address, expected host, host:port or name/host:port`,
      'an IPv6 address goes into brackets when a port follows',
    );
  }
  if (port >= 1 && port <= 65_535) return { host, port };
  throw new GossipError('BAD_ADDRESS', `'${place}' has port ${port}, expected 1 to 65535`);
}

/** A place in a list of them, as it was written and what it means. */
export interface Place {
  readonly text: string;
  readonly address: Address;
}

/** Reads a list of places. Throws GossipError BAD_ADDRESS if it is none, or holds something that is no place. */
export function parsePlaces(places: readonly string[], defaultPort: number): Place[] {
  if (!Array.isArray(places)) {
    const message = `places is ${kindOf(places)}, expected a list of addresses`;
    throw new GossipError('BAD_ADDRESS', message, "like ['10.0.0.1:9896']");
  }
  return Array.from(places, (text: unknown, i) => {
    if (typeof text === 'string') return { text, address: parsePlace(text, defaultPort) };
    const message = `places[${i}] is ${kindOf(text)}, expected a string`;
    throw new GossipError('BAD_ADDRESS', message, 'host, host:port or name/host:port');
  });
}

/** All numeric forms of an address. Throws GossipError BAD_ADDRESS if its name has none. */
export async function resolveAddress(address: Address, resolve: Resolver): Promise<Address[]> {
  const numeric = canonicalHost(address.host);
  if (numeric !== undefined) return [{ host: numeric, port: address.port }];
  try {
    const found = await resolve(address.host);
    const hosts = new Set(found.map(canonicalHost).filter((host) => host !== undefined));
    if (hosts.size === 0) throw new Error('no address');
    return [...hosts].map((host) => ({ host, port: address.port }));
  } catch (error) {
    const message = `'${address.host}' cannot be resolved: ${reasonOf(error)}`;
    throw new GossipError('BAD_ADDRESS', message, '', error);
  }
}

/** An address that others can reach when we listen on all of them: the first one that leaves this host. */
export function reachableHost(bound: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outward = all.filter((entry) => !entry.internal && !entry.address.startsWith('fe80'));
  const preferred = outward.find((entry) => entry.family === 'IPv4') ?? outward[0];
  return preferred?.address ?? '127.0.0.1';
}

/** Tells of numeric addresses whether a socket bound to `bound` can send there: to its own family, `::` to both. */
export function reaches(bound: string, host: string): boolean {
  return bound === '::' || bound.includes(':') === host.includes(':');
}
