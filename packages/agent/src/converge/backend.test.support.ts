import type { Agent, IncomingMessage, Server } from 'node:http';
import { createServer, request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';

/** A backend that says who it is and what it was asked for; it can be stopped as by kill -9, and started again. */
export class Backend {
  readonly #address: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  /** Requests that it got. */
  readonly requests: string[] = [];
  /** The status of its answers. */
  status = 200;

  constructor(address: string, port = 18400) {
    this.#address = address;
    this.#port = port;
  }

  async start(): Promise<void> {
    const server = createServer((incoming, response) => {
      this.requests.push(`${incoming.method} ${incoming.url}`);
      incoming
        .resume()
        .on('end', () =>
          response.writeHead(this.status).end(`${this.#address}:${this.#port} ${incoming.url}`),
        );
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, this.#address, resolve));
    this.#server = server;
  }

  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server = undefined;
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One request on a connection of its own. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; agent?: Agent } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https') ? httpsRequest : request;
    const { body: content, ...rest } = options;
    const outgoing = send(
      url,
      { agent: false, rejectUnauthorized: false, ...rest } as object,
      (incoming: IncomingMessage) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}
