/** What a value is, for a message that says what was expected: `a string`, `an array`, `a Map`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === 'Object' || kind === 'Array') return `an ${kind.toLowerCase()}`;
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
