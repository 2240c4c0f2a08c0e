import { DEFAULT_STREAM_LIMITS } from '../core/index.js';
import { decodePacket } from '../core/wire/packet.js';
import { decodeStream } from '../core/wire/stream-decoder.js';
import { outcome } from './door.js';

const LOOPBACK_V6 = 1;

/** Says whether an address field, if it is one at all, stays on this machine. */
function staysHere(addr: Uint8Array | null): boolean {
  if (addr === null || (addr.length !== 4 && addr.length !== 16)) return true;
  if (addr.length === 4) return addr[0] === 127 && addr[1] === 14;
  const zeros = addr.subarray(0, 10).every((byte) => byte === 0);
  const mapped = addr[10] === 0xff && addr[11] === 0xff && addr[12] === 127 && addr[13] === 14;
  const itself = addr.subarray(10, 15).every((byte) => byte === 0) && addr[15] === LOOPBACK_V6;
  return zeros && (mapped || itself);
}

/** Says of a message whether all addresses in it stay on this machine. */
function isHarmless(message: object): boolean {
  const fields: unknown[] = Object.values(message);
  return fields.every((field) => {
    if (field instanceof Uint8Array) return staysHere(field);
    return !Array.isArray(field) || field.every((node) => isHarmless(node as object));
  });
}

/** Says whether a real member can be given these plain bytes of a datagram without sending anything off the machine. */
export function packetStaysHere(plain: Uint8Array): boolean {
  return decodePacket(plain).messages.every(isHarmless);
}

/** Says the same of the plain bytes of a stream. */
export function streamStaysHere(plain: Uint8Array): boolean {
  const decoded = outcome(() => decodeStream(plain, DEFAULT_STREAM_LIMITS));
  return 'error' in decoded || isHarmless(decoded.value);
}
