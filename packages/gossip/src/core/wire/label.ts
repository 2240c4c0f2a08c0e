import { concatBytes } from './bytes.js';
import { MessageType } from './message-types.js';
import { WireError } from './wire-error.js';

/** Longest label in bytes. */
export const MAX_LABEL_BYTES = 255;

/** The header that names the cluster in front of a datagram or of a dialed stream; nothing without a label. */
export function labelHeader(label: Uint8Array): Uint8Array {
  if (label.length === 0) return label;
  return concatBytes(Uint8Array.of(MessageType.label, label.length), label);
}

/**
 * Takes the label header off. `label` is empty if there was none. Returns undefined when more bytes are needed
 * to tell, which on a datagram means that it is cut off.
 */
export function stripLabel(bytes: Uint8Array): { label: Uint8Array; rest: Uint8Array } | undefined {
  if (bytes[0] !== MessageType.label) return { label: new Uint8Array(0), rest: bytes };
  const length = bytes[1];
  if (length === 0) throw new WireError('label header without a label');
  if (length === undefined || bytes.length < 2 + length) return undefined;
  return { label: bytes.subarray(2, 2 + length), rest: bytes.subarray(2 + length) };
}
