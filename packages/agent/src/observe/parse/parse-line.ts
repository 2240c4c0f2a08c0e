import type { LogSource } from '@shoal/common';
import { parseCombined } from './combined.js';
import { parseJsonLine } from './json-line.js';
import { parseKrakend } from './krakend.js';
import { parseNginxError } from './nginx-error.js';
import type { ParsedLine } from './parsed-line.js';

/** How a line is taken apart, as blueprints name it. */
export type ParserName = NonNullable<LogSource['parser']>;

const day = 24 * 3600 * 1000;

/** Takes a line apart. One that isn't in the parser's format has no fields; nothing is ever refused. `readAt`: milliseconds since the epoch. */
export function parseLine(parser: ParserName, line: string, readAt: number): ParsedLine {
  const parsed = parsers[parser](line);
  const believable =
    parsed.at !== undefined && Number.isFinite(parsed.at) && parsed.at > 0 && parsed.at < readAt + day;
  return believable ? parsed : { fields: parsed.fields };
}

const parsers: Record<ParserName, (line: string) => ParsedLine> = {
  plain: () => ({ fields: {} }),
  json: parseJsonLine,
  combined: parseCombined,
  'nginx-error': parseNginxError,
  krakend: parseKrakend,
};
