import type { Fabric } from './fabric.js';

/** A request, as for `fetch`. */
export interface LabRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Give up after this many milliseconds. Default 10,000. */
  timeoutMs?: number;
}

/** An answer, read to its end. Redirects are not followed. */
export interface LabResponse {
  status: number;
  /** Names in lower case. `set-cookie` values are joined by a line feed. */
  headers: Record<string, string>;
  body: string;
}

// The lab's network can only be reached from a process inside its namespace; Node is on any machine that runs tests.
const program = `
let text = '';
for await (const chunk of process.stdin) text += chunk;
const { url, timeoutMs, ...init } = JSON.parse(text);
const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
const headers = Object.fromEntries(response.headers);
const cookies = response.headers.getSetCookie();
if (cookies.length > 0) headers['set-cookie'] = cookies.join('\\n');
console.log(JSON.stringify({ status: response.status, headers, body: await response.text() }));
`;

/**
 * Sends an HTTP request from inside the lab's network.
 * @throws Error when no complete answer came in time.
 */
export async function fetchFrom(fabric: Fabric, url: string, request: LabRequest = {}): Promise<LabResponse> {
  const { timeoutMs = 10_000, ...init } = request;
  const command = [process.execPath, '--input-type=module', '-e', program];
  const input = JSON.stringify({ url, timeoutMs, ...init });
  const { code, stdout, stderr } = await fabric.exec(command, {
    input,
    check: false,
    timeoutMs: timeoutMs + 10_000,
  });
  if (code === 0) return JSON.parse(stdout) as LabResponse;
  const reason = /\[cause\]: \w*Error: (.*)/.exec(stderr)?.[1] ?? /\w*Error: .*/.exec(stderr)?.[0] ?? stderr;
  throw new Error(`${init.method ?? 'GET'} ${url}: ${reason.trim()}`);
}
