import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Address } from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';

/** A place as a person writes it: host or host:port, IPv6 in brackets when a port follows. */
export function parsePlace(place: string, defaultPort: number): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(place);
  const host = isIP(place) === 6 ? place : (match?.[1] ?? match?.[2]);
  const port = match?.[3] === undefined || isIP(place) === 6 ? defaultPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new GossipError('BAD_ADDRESS', `'${place}' is no address, expected host:port`);
  }
  return { host, port };
}

/** The numeric form of an address. Throws GossipError BAD_ADDRESS if its name has none. */
export async function resolveAddress(address: Address): Promise<Address> {
  if (isIP(address.host) !== 0) return address;
  try {
    const { address: host } = await lookup(address.host);
    return { host, port: address.port };
  } catch (error) {
    throw new GossipError(
      'BAD_ADDRESS',
      `'${address.host}' cannot be resolved: ${messageOf(error)}`,
      '',
      error,
    );
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
