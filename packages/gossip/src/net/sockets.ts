import { type Address, bytesOfHost } from '../core/index.js';
import { GossipError } from './gossip-error.js';
import { StreamServer, type StreamServerOptions } from './stream-server.js';
import type { Traffic } from './traffic.js';
import { UdpSocket } from './udp.js';

/** Tries for a port that is free for both UDP and TCP, when any will do. */
const PORT_TRIES = 10;

/** Both sockets of a member, on one port. */
export interface Sockets {
  udp: UdpSocket;
  server: StreamServer;
  /** As it was asked for. */
  host: string;
  port: number;
}

/** Opens TCP and UDP on the same port. Throws GossipError naming the address. */
export async function openSockets(
  bind: Address,
  streams: StreamServerOptions,
  traffic: Traffic,
  receive: (datagram: Uint8Array, from: Address) => void,
): Promise<Sockets> {
  if (!bytesOfHost(bind.host)) {
    throw new GossipError('BAD_ADDRESS', `cannot bind to '${bind.host}', expected a numeric address`);
  }
  for (let tries = 1; ; tries++) {
    const server = await StreamServer.listen(bind, streams);
    try {
      const udp = await UdpSocket.bind({ host: bind.host, port: server.port }, traffic, receive);
      return { udp, server, host: bind.host, port: server.port };
    } catch (error) {
      await server.close();
      const taken = error instanceof GossipError && error.code === 'ADDRESS_IN_USE';
      if (bind.port !== 0 || !taken || tries === PORT_TRIES) throw error;
    }
  }
}
