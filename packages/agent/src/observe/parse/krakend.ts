import { presentFields } from './fields.js';
import type { ParsedLine } from './parsed-line.js';

/** Gin's access line. The path is quoted as Go does it; the time is the host's, of whole seconds. */
const access =
  /^\[GIN\] (\d{4})\/(\d\d)\/(\d\d) - (\d\d):(\d\d):(\d\d) \|\s*(\d{3})\s*\|\s*(\S+)\s*\|\s*(\S*)\s*\|\s*(\S+)\s+("(?:[^"\\]|\\.)*")/;
/** KrakenD's own lines: with the blueprint's format, without `telemetry/logging`, and as that prints them by default. */
const own =
  /^(?:\S+ )?(\d{4})\/(\d\d)\/(\d\d) (?:- )?(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))? (?:▶ |\S* )?(DEBUG|INFO|WARNING|ERROR|CRITICAL|FATAL):? (?:\[((?:SERVICE|ENDPOINT|BACKEND|MIDDLEWARE|PLUGIN)[^\]]*)\]:? ?)?(.*)$/s;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colors of a terminal
const colors = /\x1b\[[0-9;]*m/g;

/** KrakenD's output: access lines (`method`, `path`, `status`, `seconds`, `client`) and log lines (`level`, `component`, `message`). */
export function parseKrakend(line: string): ParsedLine {
  const text = line.includes('\x1b') ? line.replace(colors, '') : line;
  return accessLine(text) ?? ownLine(text) ?? { fields: {} };
}

function accessLine(line: string): ParsedLine | undefined {
  const match = access.exec(line);
  if (match === null) return undefined;
  const [status, duration, client, method, path] = match.slice(7);
  const seconds = parseGoDuration(duration ?? '');
  return {
    at: localTime(match.slice(1, 7)),
    fields: presentFields({
      method,
      path: unquoteGo(path ?? ''),
      status,
      // Twelve digits hold a nanosecond; more would be the noise of binary fractions.
      seconds: seconds === undefined ? undefined : String(Number(seconds.toFixed(12))),
      client,
    }),
  };
}

function ownLine(line: string): ParsedLine | undefined {
  const match = own.exec(line);
  if (match === null) return undefined;
  const [milliseconds = '0', level = '', component, message] = match.slice(7);
  return {
    at: localTime(match.slice(1, 7)) + Number(milliseconds),
    fields: presentFields({ level: level.toLowerCase(), component, message }),
  };
}

function localTime(parts: readonly string[]): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  µs: 1e-6,
  μs: 1e-6,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** A duration as Go prints it (`13.851µs`, `1.05s`, `1m10s`) in seconds; undefined when it isn't one. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|[uµμ]s|ms|[smh]))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|[uµμ]s|ms|[smh])/g)) {
    seconds += Number(number) * (unitSeconds[unit ?? ''] ?? 0);
  }
  return seconds;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** The text of a Go string literal. Escapes that are no plain text in JSON either (`\x00`) are left as they stand. */
function unquoteGo(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(u[0-9a-f]{4}|[nrt"\\])/g, (_whole, code: string) =>
      code.startsWith('u') && code.length === 5
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : (escapes[code] ?? code),
    );
}
