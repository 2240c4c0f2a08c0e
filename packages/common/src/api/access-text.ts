import type { LogLine } from './views.js';

/**
 * An access log's line as people read it, when it was written as JSON: `200 GET /  0.003 s  ::1`, of status, method, path, time taken and
 * client; undefined for any other line. Imports nothing at run time: the console has it in the browser.
 */
export function accessText({ line, fields }: Pick<LogLine, 'line' | 'fields'>): string | undefined {
  const { method, path, status, duration, client } = fields;
  if (!line.startsWith('{') || method === undefined || path === undefined || status === undefined)
    return undefined;
  const took = duration === undefined ? '' : `  ${seconds(duration)} s`;
  return `${status} ${method} ${path}${took}${client === undefined ? '' : `  ${client}`}`;
}

/** HAProxy writes ms as seconds by an exponent: `2e-3`. */
function seconds(text: string): string {
  const value = Number(text);
  return /^[\d.]+e-?\d+$/i.test(text) && Number.isFinite(value) ? String(value) : text;
}
