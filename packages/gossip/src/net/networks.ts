import { BlockList } from 'node:net';
import { canonicalHost, kindOf } from '../core/index.js';
import { GossipError } from './gossip-error.js';

/** Tells of a numeric address whether it lies in one of the networks. */
export type NetworkFilter = (host: string) => boolean;

const familyOf = (host: string): 'ipv4' | 'ipv6' => (host.includes(':') ? 'ipv6' : 'ipv4');

/**
 * A filter for networks in CIDR notation (`10.0.0.0/8`, `fd00::/8`); an empty list lets nobody in. Throws GossipError
 * INVALID_OPTION naming the entry that is none.
 */
export function networkFilter(networks: readonly string[]): NetworkFilter {
  const list = new BlockList();
  for (const network of networks) {
    if (typeof network !== 'string') throw invalid(kindOf(network));
    const [, text = '', prefix] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
    const host = canonicalHost(text);
    const bits = Number(prefix);
    if (host === undefined || !(bits <= (familyOf(host) === 'ipv4' ? 32 : 128))) {
      throw invalid(`'${network}'`);
    }
    list.addSubnet(host, bits, familyOf(host));
  }
  return (host) => list.check(host, familyOf(host));
}

function invalid(found: string): GossipError {
  const message = `allowedNetworks holds ${found}, expected a network like 10.0.0.0/8 or fd00::/8`;
  return new GossipError('INVALID_OPTION', message);
}
