import { spawn } from 'node:child_process';
import type { Lab } from './lab.js';

/** What became of the requests to one address. */
export interface TrafficResult {
  readonly requests: number;
  /** Requests without a 200 answer: when, and why. */
  readonly failures: readonly { readonly at: number; readonly reason: string }[];
  /** How often each body was answered. */
  readonly bodies: Readonly<Record<string, number>>;
}

/** Requests that go on until they are stopped. */
export interface Traffic {
  /** Ends them; the result of each URL. */
  stop(): Promise<Record<string, TrafficResult>>;
}

// Each request has a connection of its own: one that is refused while a service restarts must not go unnoticed.
const program = `
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
const [every, ...urls] = process.argv.slice(1);
const results = Object.fromEntries(urls.map((url) => [url, { requests: 0, failures: [], bodies: {} }]));
let stopped = false;
process.stdin.on('end', () => { stopped = true; }).resume();
const ask = (url) => new Promise((resolve, reject) => {
  const request = get(url, { agent: false, timeout: 3000 }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk) => { body += chunk; });
    response.on('end', () => response.statusCode === 200 ? resolve(body) : reject(new Error('status ' + response.statusCode)));
    response.on('error', reject);
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 3 s')));
  request.on('error', reject);
});
const loop = async (url) => {
  const result = results[url];
  while (!stopped) {
    result.requests += 1;
    try {
      const body = await ask(url);
      result.bodies[body] = (result.bodies[body] ?? 0) + 1;
    } catch (error) {
      result.failures.push({ at: Date.now(), reason: error.code ?? error.message });
    }
    await pause(Number(every));
  }
};
await Promise.all(urls.map(loop));
console.log(JSON.stringify(results));
process.exit(0);
`;

/** Sends a request to each URL, `everyMs` after the answer to the one before, from inside the lab's network. */
export function startTraffic(lab: Lab, urls: readonly string[], everyMs = 50): Traffic {
  const [command = '', ...enter] = lab.fabric.enter();
  const args = [...enter, process.execPath, '--input-type=module', '-e', program, String(everyMs), ...urls];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    async stop() {
      child.stdin.end();
      await ended;
      return JSON.parse(output) as Record<string, TrafficResult>;
    },
  };
}
