import {
  type Address,
  bytesOfHost,
  DEFAULT_STREAM_LIMITS,
  encodeStream,
  formatAddress,
  type Gossiper,
  kindOf,
} from '../core/index.js';
import { checkBytes } from './check-bytes.js';
import { GossipError } from './gossip-error.js';
import type { StreamClient } from './stream-client.js';

/** How to send a direct message. */
export interface SendOptions {
  /** Over TCP, up to 16 MiB, and with an outcome; otherwise one datagram without. Default false. */
  reliable?: boolean;
  /** How long a reliable send may take, milliseconds. Default: `streamTimeoutMs` of the profile. */
  timeoutMs?: number;
}

/** Most bytes of a reliable message. */
const MAX_RELIABLE_BYTES = DEFAULT_STREAM_LIMITS.bytes - (4 << 20);

/** Larger messages go out as they are: LZW takes 60 ms a MiB, during which no probe would be answered. */
const COMPRESS_UP_TO = 256 << 10;

/** What the messenger needs of the member. */
export interface MessengerOptions {
  core: Gossiper;
  client: StreamClient;
  compress: boolean;
  timeoutMs: number;
}

/** Sends an application's messages, to one node or to all. */
export class Messenger {
  readonly #options: MessengerOptions;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** Queues a message for all nodes. Throws GossipError INVALID_OPTION or MESSAGE_TOO_LARGE. */
  broadcast(body: Uint8Array): void {
    const { core } = this.#options;
    checkBytes('body', body);
    checkSize(body, core.maxMessageBytes, 'there is no way to broadcast more; spread a reference to it');
    // It is encoded later, and the caller may reuse its memory.
    core.broadcast(Uint8Array.from(body));
  }

  /**
   * Sends a message to one node. Throws GossipError INVALID_OPTION, UNKNOWN_MEMBER, BAD_ADDRESS, MESSAGE_TOO_LARGE or
   * SEND_FAILED.
   */
  async send(to: string | Address, body: Uint8Array, options: SendOptions): Promise<void> {
    const { core, client, compress, timeoutMs } = this.#options;
    checkBytes('body', body);
    const address = this.#addressOf(to);
    if (!options.reliable) {
      checkSize(body, core.maxMessageBytes, 'send it with reliable: true');
      core.send(body, address, typeof to === 'string' ? to : undefined);
      return;
    }
    checkSize(body, MAX_RELIABLE_BYTES, 'send it in parts');
    const message = encodeStream({ type: 'user', body }, compress && body.length <= COMPRESS_UP_TO);
    const error = await client.tell(message, address, options.timeoutMs ?? timeoutMs);
    if (error !== undefined) throw new GossipError('SEND_FAILED', `message not delivered: ${error}`);
  }

  #addressOf(to: string | Address): Address {
    if (typeof to === 'string') {
      const node = this.#options.core.find(to);
      if (!node) throw new GossipError('UNKNOWN_MEMBER', `there is no member '${to}'`);
      return node.address;
    }
    if (typeof to?.host !== 'string') {
      const message = `to is ${kindOf(to)}, expected a member's name or { host, port }`;
      throw new GossipError('BAD_ADDRESS', message);
    }
    if (bytesOfHost(to.host) && Number.isInteger(to.port) && to.port > 0 && to.port < 65_536) return to;
    const message = `cannot send to ${formatAddress(to)}, expected a numeric address and a port from 1 to 65535`;
    throw new GossipError('BAD_ADDRESS', message);
  }
}

function checkSize(body: Uint8Array, most: number, hint: string): void {
  if (body.length <= most) return;
  const message = `message has ${body.length} bytes, expected at most ${most}`;
  throw new GossipError('MESSAGE_TOO_LARGE', message, hint);
}
