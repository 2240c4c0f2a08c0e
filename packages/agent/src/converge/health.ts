import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import type { RenderedHealth } from './render/rendered.js';

/** What one look at a service's health said. */
export interface HealthResult {
  readonly healthy: boolean;
  /** For people; the same text while the same is true, so that only changes are reported. */
  readonly detail: string;
}

/** Asks a service how it is. */
export type Probe = (health: Pick<RenderedHealth, 'url' | 'timeoutMs'>) => Promise<HealthResult>;

/**
 * GET on a connection of its own (an old worker may still answer on a kept one). 2xx and 3xx are healthy. Certificates aren't
 * judged: the question is whether the service answers, and it is asked by address.
 */
export const probeHealth: Probe = ({ url, timeoutMs }) =>
  new Promise((resolve) => {
    const told = (healthy: boolean, what: string) => resolve({ healthy, detail: `GET ${url}: ${what}` });
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      return told(false, 'not a URL');
    }
    const get = parsed.protocol === 'https:' ? getHttps : getHttp;
    const options = { agent: false, rejectUnauthorized: false, timeout: timeoutMs } as const;
    const request = get(parsed, options, (response) => {
      const status = response.statusCode ?? 0;
      told(status >= 200 && status < 400, `answered ${status}`);
      response.destroy();
    });
    const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (error: NodeJS.ErrnoException) => {
      told(
        false,
        error.message === 'timeout' ? `no answer within ${timeoutMs} ms` : (error.code ?? error.message),
      );
    });
  });
