import { type Address, hostOfBytes } from '../address.js';
import type { Claim } from '../application.js';
import { MAX_META_BYTES } from '../serf/tags.js';
import type { Accusation, Alive } from '../wire/message-types.js';
import { encodeUtf8 } from '../wire/utf8.js';
import type { Facts } from './directory.js';
import type { NodeRecord } from './node-record.js';

/** Longest name taken, in bytes: with address, full meta and a name of this node, a message must fit one datagram. */
const MAX_NAME_BYTES = 255;

/** Says whether a name is short enough to be passed on. */
export function nameFits(name: string): boolean {
  // One UTF-16 unit takes at most three bytes, so that hardly any name has to be encoded for this.
  return (
    name.length * 3 <= MAX_NAME_BYTES || (name.length <= MAX_NAME_BYTES && bytesOf(name) <= MAX_NAME_BYTES)
  );
}

const bytesOf = (name: string): number => encodeUtf8(name).length;

/** The address that an alive message claims, as bytes and in parts. */
export interface ClaimedAddress {
  addr: Uint8Array;
  address: Address;
}

/**
 * Reads the address of an alive message and checks its sizes; a string says what is wrong. Port 0 means "the same
 * as the receiver's".
 */
export function addressOf(message: Alive, ownPort: number): ClaimedAddress | string {
  const { node, addr, meta, port } = message;
  if (node === '' || !nameFits(node))
    return `name of ${bytesOf(node)} bytes, expected 1 to ${MAX_NAME_BYTES}`;
  if ((meta?.length ?? 0) > MAX_META_BYTES)
    return `meta of ${meta?.length} bytes, expected at most ${MAX_META_BYTES}`;
  const host = addr && hostOfBytes(addr);
  if (!addr || !host) return `address of ${addr?.length ?? 0} bytes, expected 4 or 16`;
  return { addr, address: { host, port: port === 0 ? ownPort : port } };
}

/** What an alive message says about its node. */
export function factsOf(message: Alive, claimed: ClaimedAddress): Facts {
  return { addr: claimed.addr, address: claimed.address, meta: message.meta, vsn: message.vsn };
}

/** The claim of an alive message, to be judged by the application. */
export function claimOf(message: Alive, claimed: ClaimedAddress): Claim {
  const { node: name, meta, vsn, incarnation } = message;
  return { name, address: claimed.address, meta, vsn, incarnation, status: 'alive' };
}

/** What to say to a node that is believed suspect, dead or gone and may not know it: it will refute if it lives. */
export function accusationOf(node: NodeRecord, from: string): Accusation {
  return { type: 'suspect', incarnation: node.incarnation, node: node.name, from };
}
