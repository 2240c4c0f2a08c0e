/** Where a node listens, UDP and TCP alike. `host` is a numeric IPv4 or IPv6 address. */
export interface Address {
  host: string;
  port: number;
}

/** host:port, with brackets around IPv6. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;

/** The text of 4 or 16 address bytes, an IPv4-mapped one as IPv4; undefined for any other length. */
export function hostOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  if (isMapped(bytes)) return bytes.subarray(12).join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return shorten(groups);
}

/** Replaces the longest run of zero groups by `::` (RFC 5952). */
function shorten(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

function bytesOfV4(host: string): Uint8Array | undefined {
  const parts = host.split('.');
  const good = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return good ? Uint8Array.from(parts, Number) : undefined;
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const embedded = bytesOfV4(parts.at(-1) ?? '');
  if (embedded) {
    const [a = 0, b = 0, c = 0, d = 0] = embedded;
    parts.splice(-1, 1, ((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined;
}

/** The bytes of a numeric address, 4 for IPv4 and 16 for IPv6; undefined if it is not numeric. */
export function bytesOfHost(host: string): Uint8Array | undefined {
  if (!host.includes(':')) return bytesOfV4(host);
  const [before, after, ...more] = host.split('::');
  const head = groupsOf(before ?? '');
  const tail = groupsOf(after ?? '');
  if (!head || !tail || more.length > 0) return undefined;
  const missing = 8 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The one text that stands for a numeric address, an IPv4-mapped one as IPv4; undefined if it is not numeric. */
export function canonicalHost(host: string): string | undefined {
  const bytes = bytesOfHost(host);
  return bytes && hostOfBytes(bytes);
}
