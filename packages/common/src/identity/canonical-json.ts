import { ShoalError } from '../errors/shoal-error.js';

/**
 * The one text for a value, so that equal values have equal bytes to hash and sign: RFC 8785 (JCS). Members sorted by UTF-16
 * code units, numbers as ECMAScript writes them. Members that are undefined are left out, `toJSON` is honored. Throws `internal` for what JSON can't hold:
 * NaN, infinities, BigInt, functions, lone surrogates.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unfit(String(value));
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw unfit('a lone surrogate');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw unfit(typeof value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON());
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // Not localeCompare: the RFC orders by code units, as `<` does.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function unfit(what: string): ShoalError {
  return new ShoalError('internal', `canonical JSON can't hold ${what}`);
}
