import { presentFields } from './fields.js';
import type { ParsedLine } from './parsed-line.js';

const pattern = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}):(\d{2}):(\d{2}) \[(\w+)\] (\d+)#\d+: (?:\*(\d+) )?(.*)$/s;

/** nginx's error log: `2026/11/21 08:56:40 [error] 12#12: *3 message, client: ..., request: "..."`. Its time is the host's local time. */
export function parseNginxError(line: string): ParsedLine {
  const match = pattern.exec(line);
  if (match === null) return { fields: {} };
  const [, year, month, day, hour, minute, second, level, pid, connection, message] = match;
  const at = new Date(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return {
    at: at.getTime(),
    fields: presentFields({
      level,
      pid,
      connection,
      client: detail(message, 'client'),
      request: detail(message, 'request'),
      upstream: detail(message, 'upstream'),
    }),
  };
}

function detail(message: string | undefined, name: string): string | undefined {
  const match = new RegExp(`, ${name}: (?:"([^"]*)"|([^,]*))`).exec(message ?? '');
  return match?.[1] ?? match?.[2];
}
