/** Says that received bytes are not what the protocol allows; the message names what was found and where. */
export class WireError extends Error {
  override readonly name: string = 'WireError';
}
