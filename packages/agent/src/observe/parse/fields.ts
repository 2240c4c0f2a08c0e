import { maxFieldLength } from './parsed-line.js';

/** Fields of which all are texts; empty and missing ones and nginx's `-` are left out. */
export function presentFields(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const present: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== '' && value !== '-') present[name] = value.slice(0, maxFieldLength);
  }
  return present;
}
