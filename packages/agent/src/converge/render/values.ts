import { isIP } from 'node:net';
import { isAbsolute, normalize } from 'node:path';
import type { Step } from '@shoal/common';
import { defaultStepTimeout, parseDuration, ShoalError } from '@shoal/common';

/** Values of steps once they are rendered: each is judged again, the blueprint's check saw the template only. All throw `invalid_input`. */

/** What all types of steps have. */
export function common(step: Step): { readonly id: string; readonly timeoutMs?: number } {
  const timeout = step.timeout ?? defaultStepTimeout[step.type];
  return { id: step.id, ...(timeout === null ? {} : { timeoutMs: parseDuration(timeout) }) };
}

/** The limit of a step whose type always has one, in milliseconds. */
export function timeLimit(step: Step): number {
  return common(step).timeoutMs ?? parseDuration('1m');
}

/** The step's owner and group, where it names them. */
export function ownership(step: { readonly owner?: string; readonly group?: string }): {
  readonly owner?: string;
  readonly group?: string;
} {
  const { owner, group } = step;
  return { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
}

/** An absolute path without `..`, `.`, doubled or trailing slashes. */
export function absolutePath(path: string): string {
  const normal = isAbsolute(path) && normalize(path) === path && !path.endsWith('/');
  if (normal && !hasControl(path)) return path;
  throw expected('an absolute path without ".."', path);
}

/** A path below a directory, not the directory itself. */
export function relativePath(path: string): string {
  const below = path !== '' && path !== '.' && !isAbsolute(path) && !path.endsWith('/');
  if (below && normalize(path) === path && !path.startsWith('..') && !hasControl(path)) return path;
  throw expected('a path below the directory, without ".."', path);
}

/** Octal permissions. */
export function parseMode(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw expected('an octal mode such as "0644"', text);
}

/** A systemd unit's name with its type. */
export function unitName(text: string): string {
  if (/^[A-Za-z0-9:_.\\@-]{1,240}\.(service|socket|target|timer|path|mount|slice)$/.test(text)) return text;
  throw expected('a systemd unit such as "nginx.service"', text);
}

/** SHA-256 in hex; lower case. */
export function checksum(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw expected('a SHA-256 of 64 hexadecimal digits', text);
}

/** An http or https URL. */
export function httpUrl(text: string): string {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: '' };
  if (protocol === 'http:' || protocol === 'https:') return text;
  // A URL may hold a password: what can't be taken apart isn't repeated.
  throw new ShoalError('invalid_input', `expected an http or https URL, found ${JSON.stringify(protocol)}`);
}

/** An IP address. */
export function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw expected('an IP address', text);
}

/** A host's name, as it may stand in /etc/hosts. */
export function hostName(text: string): string {
  if (/^(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/.test(text) && text.length <= 253) return text;
  throw expected("a host's name", text);
}

/** `port` or `host:port`, IPv6 addresses in brackets; the default host is 127.0.0.1. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) return { host: bracketed ?? plain ?? '127.0.0.1', port };
  throw expected('a port, or host:port', text);
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\x7f');
}

function expected(what: string, found: string): ShoalError {
  // Not a part of it: it may hold a secret, which is only found whole.
  const shown = found.length <= 200 ? JSON.stringify(found) : `${found.length} characters`;
  return new ShoalError('invalid_input', `expected ${what}, found ${shown}`);
}
