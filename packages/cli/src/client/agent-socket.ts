import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { ShoalError } from '@shoal/common';

/** Data directory of an installed agent. */
const defaultDataDirectory = '/var/lib/shoal/agent';

/**
 * Asks the agent on this host by its unix socket; for when the controller is away.
 *
 * @param at the agent's data directory, its socket in there, or true for an installed agent's
 * @throws ShoalError `unavailable` when no agent answers there
 */
export async function askAgent<T>(at: string | true, path: '/members' | '/status'): Promise<T> {
  const place = at === true ? defaultDataDirectory : at;
  const isDirectory = at === true || (await isFolder(place));
  const socketPath = isDirectory ? join(place, 'agent.sock') : place;
  return new Promise((resolve, reject) => {
    const unavailable = (why: string): void =>
      reject(
        new ShoalError('unavailable', `No agent answers at ${socketPath}: ${why}`, {
          hint: 'Is it running (`systemctl status shoal-agent`)? Name its data directory (`--local DIR`) when that is another, and run as the user that runs the agent.',
        }),
      );
    const asking = request({ socketPath, path, timeout: 5000 }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (response.statusCode !== 200) return unavailable(`HTTP ${response.statusCode}: ${text}`);
        try {
          resolve(JSON.parse(text) as T);
        } catch {
          unavailable('the answer is not JSON');
        }
      });
    });
    asking.on('timeout', () => asking.destroy(new Error('timed out')));
    asking.on('error', (error) => unavailable(error.message));
    asking.end();
  });
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
