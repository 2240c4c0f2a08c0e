import { ShoalError } from '../errors/shoal-error.js';

/** Where something listens. */
export interface Address {
  /** Name or IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const port = '([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** `host:port` or `[::1]:port` as a regular expression, for schemas: whatever matches can be parsed. Anchored. */
export const addressPattern: string = `^(\\[[0-9a-fA-F:.%a-z]+\\]|[^\\s:/\\[\\]]+):${port}$`;

/** How to say what `addressPattern` expects. */
export const addressExpected = 'host:port';

/**
 * Takes `host:port`, `[::1]:port` or, with a default port, `host` and `::1` apart. Port 0 is allowed: listeners take any free one by it.
 * Throws `invalid_input`.
 */
export function parseAddress(text: string, defaultPort?: number): Address {
  const match =
    /^\[(?<v6>[0-9a-fA-F:.%a-z]+)\](?::(?<p6>\d+))?$/.exec(text) ??
    /^(?<host>[^\s:/[\]]+)(?::(?<port>\d+))?$/.exec(text);
  const bareV6 = match === null && /^[0-9a-fA-F.]*(:[0-9a-fA-F.]*){2,}$/.test(text);
  const host = bareV6 ? text : (match?.groups?.['v6'] ?? match?.groups?.['host']);
  const digits = match?.groups?.['p6'] ?? match?.groups?.['port'];
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port === undefined || port > 65535) {
    const expected = defaultPort === undefined ? 'host:port' : 'host or host:port';
    throw new ShoalError('invalid_input', `address: expected ${expected}, found ${JSON.stringify(text)}`);
  }
  return { host, port };
}

/** The address as one word: IPv6 hosts in brackets. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
