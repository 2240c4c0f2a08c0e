import { type Address, formatAddress } from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';

/** Turns the error of a bind into one that names the address and says what to do. */
export function bindError(what: 'UDP' | 'TCP', address: Address, error: unknown): GossipError {
  const where = `${what} ${formatAddress(address)}`;
  switch ((error as { code?: unknown }).code) {
    case 'EADDRINUSE':
      return new GossipError(
        'ADDRESS_IN_USE',
        `${where} is in use by another process`,
        `find it with: ss -lunpt 'sport = :${address.port}'`,
        error,
      );
    case 'EADDRNOTAVAIL':
      return new GossipError(
        'ADDRESS_UNAVAILABLE',
        `${where}: this host has no such address`,
        'see: ip addr',
        error,
      );
    default:
      return new GossipError('BIND_FAILED', `${where} cannot be bound: ${messageOf(error)}`, '', error);
  }
}
