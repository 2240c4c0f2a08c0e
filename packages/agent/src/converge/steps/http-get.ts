import type { IncomingMessage } from 'node:http';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { StepError } from '../step-error.js';

/** No usable answer, but there may be one the next time. */
export class Unanswered extends Error {
  /** What went wrong on the way to or from a server, with the URL as it may be shown. */
  static of(url: string, thrown: unknown): Unanswered {
    const { code, message } = thrown as NodeJS.ErrnoException;
    return new Unanswered(`${shownUrl(url)}: ${code ?? message}`, { cause: thrown });
  }
}

const mostRedirects = 5;
/** So long nothing may come, in milliseconds. */
const idleMs = 30_000;

/**
 * GET of a file from the byte `from` on. Resolves with an answer of status 200 or, of just that part, 206. Redirects are followed, never from https
 * to http. Rejects with Unanswered when it is worth another try, else with a StepError.
 */
export async function ask(url: string, from: number, signal: AbortSignal): Promise<IncomingMessage> {
  let at = new URL(url);
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await once(at, from, signal);
    const status = response.statusCode ?? 0;
    if (status === 200 || (status === 206 && startsAt(response, from))) return response;
    response.destroy();
    const { location } = response.headers;
    if (status >= 300 && status < 400 && location !== undefined) {
      at = redirected(at, location);
    } else if (status === 416 || status === 206) {
      // What is here already isn't a beginning of what is there now.
      if (from === 0) throw new StepError(`${shownUrl(url)} answered ${status}`);
      return ask(url, 0, signal);
    } else if (status === 429 || status >= 500) {
      throw new Unanswered(`${shownUrl(url)} answered ${status}`);
    } else {
      throw new StepError(`${shownUrl(url)} answered ${status}`);
    }
  }
  throw new StepError(`${shownUrl(url)} is redirected more than ${mostRedirects} times`);
}

/** The URL without what may be secret in it: user, password and query. */
export function shownUrl(url: string | URL): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function once(url: URL, from: number, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  const headers = {
    'user-agent': 'shoal',
    'accept-encoding': 'identity',
    ...(from === 0 ? {} : { range: `bytes=${from}-` }),
  };
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers, signal, timeout: idleMs }, resolve);
    request.on('timeout', () => request.destroy(new Error(`nothing came for ${idleMs / 1000} s`)));
    request.on('error', (error) => reject(Unanswered.of(url.href, error)));
  });
}

function startsAt(response: IncomingMessage, from: number): boolean {
  return response.headers['content-range']?.startsWith(`bytes ${from}-`) === true;
}

function redirected(at: URL, location: string): URL {
  const next = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
  if (next === undefined) throw new StepError(`${shownUrl(at)} is redirected to what is no URL`);
  const same = next.protocol === at.protocol;
  if (same || (at.protocol === 'http:' && next.protocol === 'https:')) return next;
  throw new StepError(`${shownUrl(at)} is redirected from ${at.protocol} to ${next.protocol}: refused`);
}
