import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { formatAddress, parseAddress } from '@shoal/common';

/** What the address is worked out from. */
export interface AddressHints {
  /** gossip.listen */
  readonly listen: string;
  /** gossip.advertise */
  readonly advertise?: string;
  /** host:port of the controller: the way to it tells which of several networks is meant. */
  readonly controller?: string;
}

/**
 * Where others reach this node's gossip, host:port: as configured; else the address that is listened on; where that is every address, the one that
 * packets to the controller leave by, else the first that isn't loopback.
 */
export async function ownAddress(hints: AddressHints): Promise<string> {
  if (hints.advertise !== undefined) return hints.advertise;
  const { host, port } = parseAddress(hints.listen);
  if (host !== '0.0.0.0' && host !== '::') return hints.listen;
  const routed = hints.controller === undefined ? undefined : await routedAddress(hints.controller);
  return formatAddress({ host: routed ?? firstAddress() ?? '127.0.0.1', port });
}

/** The local address of a UDP socket that is connected to the target; nothing is sent by that. */
async function routedAddress(target: string): Promise<string | undefined> {
  const { host, port } = parseAddress(target, 9898);
  return await new Promise((resolve) => {
    const socket = createSocket('udp4');
    const done = (address: string | undefined) => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done(undefined));
    socket.connect(port, host, () => done(socket.address().address));
  });
}

function firstAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
