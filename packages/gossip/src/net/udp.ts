import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised';
import type { Address } from '../core/index.js';
import { bindError } from './bind-error.js';
import type { Traffic } from './traffic.js';

/** Asked of the kernel; halved until it agrees, so that a burst from a large cluster is not lost. */
const RECEIVE_BUFFER_BYTES = 2 << 20;

/** What an IPv6 socket shows and wants in front of an IPv4 address. */
const MAPPED = '::ffff:';

/**
 * The datagram socket. Reading goes by the message callback of dgram-as-promised, not by its `recv`: that
 * subscribes anew for each packet, and loses what arrives while the reader awaits something else.
 */
export class UdpSocket {
  readonly #socket: SocketAsPromised;
  readonly #traffic: Traffic;
  readonly #v6: boolean;
  #closed = false;

  private constructor(socket: SocketAsPromised, traffic: Traffic, v6: boolean) {
    this.#v6 = v6;
    this.#socket = socket;
    this.#traffic = traffic;
  }

  /** Binds; throws GossipError with the address in its message. */
  static async bind(
    address: Address,
    traffic: Traffic,
    receive: (datagram: Uint8Array, from: Address) => void,
  ): Promise<UdpSocket> {
    const type = address.host.includes(':') ? 'udp6' : 'udp4';
    const socket = DgramAsPromised.createSocket(type, (message, { address: host, port }) => {
      traffic.packetsIn++;
      traffic.bytesIn += message.length;
      receive(message, { host: host.startsWith(MAPPED) ? host.slice(MAPPED.length) : host, port });
    });
    try {
      await socket.bind({ address: address.host, port: address.port, exclusive: true });
    } catch (error) {
      socket.socket.close();
      throw bindError('UDP', address, error);
    }
    enlargeReceiveBuffer(socket);
    return new UdpSocket(socket, traffic, type === 'udp6');
  }

  /** Sends best effort: what the kernel refuses is counted, and the protocol copes as with any lost packet. */
  send(datagram: Uint8Array, to: Address): void {
    if (this.#closed) return;
    this.#traffic.packetsOut++;
    this.#traffic.bytesOut += datagram.length;
    const host = this.#v6 && !to.host.includes(':') ? `${MAPPED}${to.host}` : to.host;
    this.#socket.send(datagram, to.port, host).catch(() => {
      this.#traffic.sendErrors++;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#socket.close();
    this.#socket.destroy();
  }
}

function enlargeReceiveBuffer(socket: SocketAsPromised): void {
  for (let bytes = RECEIVE_BUFFER_BYTES; bytes >= 65_536; bytes >>= 1) {
    try {
      socket.setRecvBufferSize(bytes);
      return;
    } catch {
      // Too much for this kernel; try half.
    }
  }
}
