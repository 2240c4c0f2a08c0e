import type { TrafficFields } from '@shoal/common';
import { timeOfMembers } from '../parse/json-line.js';
import { type ParserName, parseLine } from '../parse/parse-line.js';

/** What a line of an access log tells of a request. */
export interface LoggedRequest {
  /** When it was answered, milliseconds since the epoch; undefined: the line doesn't say. */
  readonly at?: number | undefined;
  readonly status: number;
  readonly seconds?: number | undefined;
  /** It was refused for the limit of the lease. */
  readonly isRefused: boolean;
}

/** What the field that tells of refusals says then. */
const refusedWord = 'limit';

/**
 * The request that a line tells of; undefined: it is none. It isn't taken apart as for shipping: of a line of JSON only the few members that count
 * are looked at.
 */
export function requestOfLine(
  parser: ParserName,
  line: string,
  fields: TrafficFields,
  readAt: number,
): LoggedRequest | undefined {
  if (parser === 'json') return requestOfJson(line, fields);
  const parsed = parseLine(parser, line, readAt);
  const member = (name: string): unknown => parsed.fields[name];
  return request(parsed.at, fields, member);
}

function requestOfJson(line: string, fields: TrafficFields): LoggedRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = value as Record<string, unknown>;
  return request(timeOfMembers(members), fields, (path) => memberAt(members, path));
}

/** A member by its name, or by the names on the way to it: `response.status`. */
function memberAt(members: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(members, path)) return members[path];
  let value: unknown = members;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function request(
  at: number | undefined,
  { status, seconds, refused }: TrafficFields,
  member: (name: string) => unknown,
): LoggedRequest | undefined {
  const code = numberOf(member(status));
  if (code === undefined || code < 100 || code > 599) return undefined;
  const took = seconds === undefined ? undefined : numberOf(member(seconds));
  return {
    at,
    status: code,
    seconds: took === undefined || took < 0 ? undefined : took,
    isRefused: refused !== undefined && member(refused) === refusedWord,
  };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return undefined;
  return Number(value);
}
