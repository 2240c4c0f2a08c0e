/** Colors a text for a terminal; the text itself where color is off. */
export type Paint = (text: string) => string;

/** The few colors that the command uses, by meaning. */
export interface Palette {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const plain: Paint = (text) => text;
const escapeCharacter = String.fromCharCode(27);
const code =
  (n: number): Paint =>
  (text) =>
    `${escapeCharacter}[${n}m${text}${escapeCharacter}[0m`;

/** Colors on a terminal that wants them (https://no-color.org: NO_COLOR set means none). */
export function palette(
  stream: { isTTY?: boolean | undefined },
  env: NodeJS.ProcessEnv = process.env,
): Palette {
  const on = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  if (!on) return { good: plain, bad: plain, warn: plain, dim: plain, bold: plain };
  return { good: code(32), bad: code(31), warn: code(33), dim: code(2), bold: code(1) };
}

/** A length of time in its greatest unit: `12s`, `5m`, `3h`, `4d`. */
function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** How long something has lasted that began at a time: `for 12s`, `for 5m`. */
export function lasting(at: number, now: number = Date.now()): string {
  return `for ${length(now - at)}`;
}

/** How long it is until a time: `12s`, `5m`, `3h`, `4d`. */
export function left(until: number, now: number = Date.now()): string {
  return length(until - now);
}

/** A time as people compare it: `12s ago`, `5m ago`, `3h ago`, `4d ago`; `-` for none. */
export function ago(at: number | null, now: number = Date.now()): string {
  if (at === null) return '-';
  return `${length(now - at)} ago`;
}

/** Local date and time to the second: `2026-03-01 14:05:09`. */
export function localTime(at: number): string {
  const d = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return d.toISOString().slice(0, 19).replace('T', ' ');
}

/** Bytes in binary units: `512 B`, `1.4 GiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The first 12 digits of a hash: enough to tell two apart; `-` for none. */
export function shortHash(hash: string | undefined): string {
  return hash === undefined || hash === '' ? '-' : hash.slice(0, 12);
}

/** What a terminal must not be made to obey: control characters of a peer's or a service's text become visible. */
export function printable(text: string): string {
  let out = '';
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    const control = (point < 0x20 && char !== '\t' && char !== '\n') || (point >= 0x7f && point < 0xa0);
    out += control ? `\\x${point.toString(16).padStart(2, '0')}` : char;
  }
  return out;
}
