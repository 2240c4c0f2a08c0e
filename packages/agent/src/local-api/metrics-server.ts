import { createServer, type Server } from 'node:http';
import { type Logger, parseAddress, ShoalError } from '@shoal/common';

/** What Prometheus is told. Names are without the prefix `shoal_agent_`; labels in the Prometheus notation. */
export interface MetricsOptions {
  /** host:port, or `off`. */
  readonly listen: string;
  readonly logger: Logger;
  snapshot(): MetricsSnapshot;
}

/** Figures of the agent now. */
export interface MetricsSnapshot {
  /** Name to what it counts and its value; totals since the start. */
  readonly counters: Readonly<Record<string, readonly [help: string, value: number]>>;
  readonly gauges: Readonly<Record<string, readonly [help: string, value: number]>>;
  /** The newest sample of host and services, by the names of docs/metrics.md. */
  readonly sample: Readonly<Record<string, number>>;
}

/** Serves `/metrics` in the Prometheus text format on a loopback address. Nothing is computed, and prom-client isn't loaded, until someone asks. */
export class MetricsServer {
  readonly #options: MetricsOptions;
  #server: Server | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  /** Where it listens, host:port with the real port; undefined: nowhere. */
  get address(): string | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? `${address.address}:${address.port}` : undefined;
  }

  /** Listens. Throws `failed_precondition` when the address is taken. */
  async start(): Promise<void> {
    if (this.#options.listen === 'off') return;
    const { host, port } = parseAddress(this.#options.listen);
    const server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end('there is /metrics\n');
        return;
      }
      renderMetrics(this.#options.snapshot()).then(
        ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'it is taken' : cause.message;
        reject(
          new ShoalError('failed_precondition', `can't serve metrics on ${this.#options.listen}: ${reason}`, {
            hint: 'set metrics.listen to another address, or to off',
            cause,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
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
}

async function renderMetrics(snapshot: MetricsSnapshot): Promise<{ type: string; text: string }> {
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registers = [new Registry()];
  for (const [name, [help, value]] of Object.entries(snapshot.counters)) {
    new Counter({ name: `shoal_agent_${name}`, help, registers }).inc(value);
  }
  for (const [name, [help, value]] of Object.entries(snapshot.gauges)) {
    new Gauge({ name: `shoal_agent_${name}`, help, registers }).set(value);
  }
  const sample = new Gauge({
    name: 'shoal_agent_sample',
    help: 'Newest sample of host and services, by metric name (docs/metrics.md)',
    labelNames: ['metric'],
    registers,
  });
  for (const [metric, value] of Object.entries(snapshot.sample)) sample.set({ metric }, value);
  const [registry] = registers;
  return { type: registry?.contentType ?? 'text/plain', text: (await registry?.metrics()) ?? '' };
}
