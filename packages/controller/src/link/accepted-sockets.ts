import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Node's channel that tells of each accepted connection (nodejs.org/api/diagnostics_channel.html). */
const channel = 'net.server.socket';

/**
 * The connections that a port has accepted, for a server of a library that gives them to nobody: its own forced end says goodbye, and then waits
 * for a peer that may be cut off.
 */
export class AcceptedSockets {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#port = port;
    subscribe(channel, this.#accepted);
  }

  /** Closes them all at once, whatever their peers do, and takes no further ones in. */
  destroy(): void {
    unsubscribe(channel, this.#accepted);
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #accepted = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort !== this.#port) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };
}
