import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Logger, MemberView } from '@shoal/common';
import type { AgentStatus } from './status.js';

/** What the local API shows. */
export interface LocalApiOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  status(): AgentStatus;
  members(): readonly MemberView[];
}

/** Longest path of a unix socket, bytes: sun_path of unix(7), less its final zero. */
const longestPath = 107;

/** The agent's own small API for the host's administrator: HTTP on `<dataDir>/agent.sock`, which only the agent's user may open. Reads only. */
export class LocalApi {
  readonly #options: LocalApiOptions;
  readonly path: string;
  #server: Server | undefined;

  constructor(options: LocalApiOptions) {
    this.#options = options;
    this.path = join(options.dataDir, 'agent.sock');
  }

  /** Listens. A path that is too long for a socket is logged, and there is no local API then; everything else works without it. */
  async start(): Promise<void> {
    if (Buffer.byteLength(this.path) > longestPath) {
      const hint = `choose a shorter dataDir: a socket's path has at most ${longestPath} bytes`;
      this.#options.logger.warn(
        { path: this.path, hint },
        'no local API: the path of its socket is too long',
      );
      return;
    }
    // The data directory is locked, so a socket that is here is a dead process's.
    await rm(this.path, { force: true });
    const server = createServer((request, response) => this.#answer(request.method, request.url, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.path, resolve);
    });
    await chmod(this.path, 0o600);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  #answer(method: string | undefined, url: string | undefined, response: ServerResponse): void {
    if (method !== 'GET') send(response, 405, { error: 'only GET is answered here' });
    else if (url === '/members') send(response, 200, { members: this.#options.members() });
    else if (url === '/status') send(response, 200, this.#options.status());
    else send(response, 404, { error: 'there is /members and /status' });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
