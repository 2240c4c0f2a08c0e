import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import cookie from '@fastify/cookie';
import { type Address, formatAddress, type Logger, ShoalError } from '@shoal/common';
import { type FastifyInstance, fastify } from 'fastify';
import type { Dispatcher } from '../operations/dispatcher.js';
import { restPrefix } from '../operations/table.js';
import type { Store } from '../store/store.js';
import { type Authentication, createAuthentication, refuseCrossSite } from './authentication.js';
import { addConsoleFiles, securityHeaders } from './console-files.js';
import { createErrorHandler } from './error-reply.js';
import { offerFirstRun } from './first-run.js';
import type { Metrics } from './metrics.js';
import { readMetricsToken } from './metrics-token.js';
import { addOperationRoutes } from './operation-routes.js';
import { hashOf, isSecretOf } from './secrets.js';
import { addSessionRoutes } from './session-routes.js';
import { createSessions } from './sessions.js';
import { defaultStreamLimits, StreamLimiter, type StreamLimits } from './stream-limiter.js';
import { createUsers } from './users.js';

/** Certificate chain and key of the HTTP server. */
export interface HttpTls {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What the HTTP door is made of. */
export interface ApiServerOptions {
  readonly dispatcher: Dispatcher;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** Port 0: any free one. */
  readonly listen: Address;
  /** Undefined: plain HTTP. */
  readonly tls?: HttpTls;
  /** Holds `metrics-token`. */
  readonly dataDir: string;
  /** Built files of the console. Undefined: no console, the API alone. */
  readonly consoleDir?: string;
  readonly streamLimits?: StreamLimits;
  /** Time between comment lines of event streams. Default 15 s. */
  readonly heartbeatMs?: number;
}

/** The HTTP door, listening. */
export interface ApiServer {
  readonly address: Address;
  /** `http://127.0.0.1:9897` */
  readonly url: string;
  /** The one-time link that makes the first administrator; undefined when there are users. It is logged too. */
  readonly firstRunUrl: string | undefined;
  /** Takes a renewed certificate for connections from now on. */
  renewTls(tls: HttpTls): void;
  /** Ends all streams and connections. */
  close(): Promise<void>;
}

const pruneMs = 3_600_000;

/** Starts the HTTP door: console, REST, events, login, health, metrics. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, logger, now, tls } = options;
  const users = createUsers(store);
  const sessions = createSessions(store, now);
  const authentication = createAuthentication(sessions, users, tls !== undefined);
  const streams = new StreamLimiter(options.streamLimits ?? defaultStreamLimits);
  options.metrics.countStreams(() => streams.count);
  await sessions.prune();
  const app = createApp(options);
  addSessionRoutes(app, {
    store,
    users,
    authentication,
    audit: options.dispatcher.audit,
    logger,
    now,
  });
  await app.register(async (scope) => {
    scope.addHook('onRequest', authentication.require);
    addOperationRoutes(scope, {
      dispatcher: options.dispatcher,
      authentication,
      streams,
      heartbeatMs: options.heartbeatMs ?? 15_000,
      headers: securityHeaders,
    });
  });
  await addOwnRoutes(app, options, authentication);
  await addConsoleFiles(app, options.consoleDir);
  await listen(app, options.listen);
  const pruning = setInterval(() => {
    sessions.prune().catch((err: unknown) => logger.warn({ err }, "ended sessions can't be deleted"));
  }, pruneMs);
  pruning.unref();
  const url = urlOf(app, options);
  return {
    address: { host: options.listen.host, port: (app.server.address() as AddressInfo).port },
    url,
    firstRunUrl: await announceFirstRun(store, url, logger),
    renewTls({ certificatePem: cert, keyPem: key }) {
      const { server } = app;
      if ('setSecureContext' in server) (server as TlsServer).setSecureContext({ cert, key });
    },
    async close() {
      clearInterval(pruning);
      streams.close();
      await app.close();
    },
  };
}

interface TlsServer {
  setSecureContext(context: { cert: string; key: string }): void;
}

function createApp({ tls, logger, metrics }: ApiServerOptions): FastifyInstance {
  const common = {
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
  };
  const app: FastifyInstance =
    tls === undefined
      ? fastify(common)
      : (fastify({
          ...common,
          https: { cert: tls.certificatePem, key: tls.keyPem },
        }) as unknown as FastifyInstance);
  // Only JSON: what a form of another site can send isn't read at all.
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('actor', undefined);
  app.setErrorHandler(createErrorHandler(logger));
  void app.register(cookie);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    // By the route and not by the address as it was written: `/%61pi/` is the same one.
    if (request.routeOptions.url?.startsWith(`${restPrefix}/`)) reply.header('cache-control', 'no-store');
    await refuseCrossSite(request);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.observeHttp(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
  });
  return app;
}

async function addOwnRoutes(
  app: FastifyInstance,
  { dataDir, metrics }: ApiServerOptions,
  authentication: Authentication,
): Promise<void> {
  const tokenHash = hashOf(await readMetricsToken(dataDir));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/metrics', async (request, reply) => {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (bearer === undefined || !isSecretOf(bearer, tokenHash)) await authentication.require(request);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

async function listen(app: FastifyInstance, address: Address): Promise<void> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (thrown) {
    await app.close();
    const { code } = thrown as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'the port is taken',
      EADDRNOTAVAIL: 'this host has no such address',
      EACCES: 'the port needs more rights',
    };
    const reason = reasons[code ?? ''];
    if (reason === undefined) throw thrown;
    throw new ShoalError('failed_precondition', `http.listen ${formatAddress(address)}: ${reason}`, {
      hint: `${code === 'EADDRINUSE' ? 'stop the other process, or ' : ''}set http.listen (SHOAL_CONTROLLER_HTTP_LISTEN) to another address`,
      cause: thrown,
    });
  }
}

function urlOf(app: FastifyInstance, { listen: { host }, tls }: ApiServerOptions): string {
  const { port } = app.server.address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `${tls === undefined ? 'http' : 'https'}://${formatAddress({ host: name, port })}`;
}

async function announceFirstRun(store: Store, url: string, logger: Logger): Promise<string | undefined> {
  const token = await offerFirstRun(store);
  if (token === undefined) return undefined;
  const firstRunUrl = `${url}/first-run?token=${token}`;
  logger.info({ url: firstRunUrl }, 'no user exists yet: open this link, good once and until the next start');
  return firstRunUrl;
}
