import { presentFields } from './fields.js';
import { maxFields, type ParsedLine } from './parsed-line.js';

const timeNames = ['time', 'timestamp', '@timestamp', 'ts', 'msec'];

/** One JSON object a line. Its first 32 scalar members become fields, nested objects' as `a.b`; pino's numeric level becomes a word. */
export function parseJsonLine(line: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { fields: {} };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fields: {} };
  const members = value as Record<string, unknown>;
  const timeName = timeNames.find((name) => timeOf(members[name]) !== undefined);
  const fields: Record<string, string> = {};
  collect(members, '', fields, 0);
  if (timeName !== undefined) delete fields[timeName];
  const level = levelWord(members['level']);
  if (level !== undefined) fields['level'] = level;
  const at = timeName === undefined ? undefined : timeOf(members[timeName]);
  return { ...(at === undefined ? {} : { at }), fields: presentFields(fields) };
}

/** When a line was written, by the members that usually tell it; milliseconds since the epoch. */
export function timeOfMembers(members: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of timeNames) {
    const at = timeOf(members[name]);
    if (at !== undefined) return at;
  }
  return undefined;
}

function collect(
  members: Record<string, unknown>,
  prefix: string,
  fields: Record<string, string>,
  depth: number,
): void {
  for (const [name, value] of Object.entries(members)) {
    if (Object.keys(fields).length >= maxFields) return;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      if (depth < 3) collect(value as Record<string, unknown>, `${prefix}${name}.`, fields, depth + 1);
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      fields[`${prefix}${name}`] = String(value);
    }
  }
}

/** ISO 8601 text, or seconds, or milliseconds since the epoch (nginx's $msec is seconds with a fraction, as text or number). */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value)) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : at;
  }
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || number < 1e8) return undefined;
  return Math.round(number < 1e11 ? number * 1000 : number);
}

const pinoLevels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

function levelWord(level: unknown): string | undefined {
  return typeof level === 'number' ? pinoLevels[level] : undefined;
}
