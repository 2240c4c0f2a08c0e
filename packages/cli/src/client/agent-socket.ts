import { request } from 'node:http';
import { ShoalError } from '@shoal/common';

/** Where an installed agent listens for commands on its host. */
export const defaultAgentSocket = '/var/lib/shoal/agent/agent.sock';

/**
 * Asks the agent on this host by its unix socket; for when the controller is away.
 *
 * @param socket the socket's path, or true for the default one
 * @throws ShoalError `unavailable` when no agent answers there
 */
export function askAgent<T>(socket: string | true, path: '/members' | '/status'): Promise<T> {
  const socketPath = socket === true ? defaultAgentSocket : socket;
  return new Promise((resolve, reject) => {
    const unavailable = (why: string): void =>
      reject(
        new ShoalError('unavailable', `No agent answers at ${socketPath}: ${why}`, {
          hint: "Name the agent's socket with --local DATA_DIR/agent.sock, and run as the user that runs the agent.",
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
