import { presentFields } from './fields.js';
import type { ParsedLine } from './parsed-line.js';

const pattern =
  /^(\S+) \S+ (\S+) \[(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Apache's and nginx's `combined` access log format (and `common`, which ends before the referer). */
export function parseCombined(line: string): ParsedLine {
  const match = pattern.exec(line);
  if (match === null) return { fields: {} };
  const [, client, user, day, month, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match;
  const [request, status, bytes, referer, agent] = match.slice(12);
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  const local = Date.UTC(
    Number(year),
    months.indexOf(month ?? ''),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const [method, path, protocol] = (request ?? '').split(' ');
  return {
    at: local - offset,
    fields: presentFields({ client, user, method, path, protocol, status, bytes, referer, agent }),
  };
}
