import { ShoalError } from '@shoal/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { beginIteration } from '../operations/begin-iteration.js';
import type { AnyOperation } from '../operations/definition.js';
import type { Dispatcher } from '../operations/dispatcher.js';
import { openApiDocument } from '../operations/openapi.js';
import { operations, restPrefix } from '../operations/table.js';
import { type Authentication, requiredActor } from './authentication.js';
import { sendEvents } from './event-stream.js';
import { inputOf } from './request-input.js';
import type { StreamLimiter } from './stream-limiter.js';

/** What the routes of the table need. */
export interface OperationRoutesComponents {
  readonly dispatcher: Dispatcher;
  readonly authentication: Authentication;
  readonly streams: StreamLimiter;
  readonly heartbeatMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A spec may be large; the schema says how large, in characters. */
const bodyLimit = 4 * 1024 * 1024;
/** A stream that is refused at once answers with a status; one that is still silent after so long has begun. */
const refusalMs = 100;

/** One route for each row of the table, and the document that describes them. */
export function addOperationRoutes(app: FastifyInstance, components: OperationRoutesComponents): void {
  for (const row of operations) {
    app.route({
      method: row.http.method,
      url: `${restPrefix}${row.http.path}`,
      bodyLimit,
      handler: row.stream
        ? (request, reply) => answerStream(row, request, reply, components)
        : (request, reply) => answerOnce(row, request, reply, components),
    });
  }
  app.get(`${restPrefix}/openapi.json`, async () => openApiDocument());
}

async function answerOnce(
  row: AnyOperation,
  request: FastifyRequest,
  reply: FastifyReply,
  { dispatcher }: OperationRoutesComponents,
): Promise<unknown> {
  const abort = new AbortController();
  reply.raw.once('close', () => abort.abort());
  return dispatcher.call(row.name, inputOf(row, request), requiredActor(request), abort.signal);
}

async function answerStream(
  row: AnyOperation,
  request: FastifyRequest,
  reply: FastifyReply,
  components: OperationRoutesComponents,
): Promise<FastifyReply> {
  const { dispatcher, authentication, streams, heartbeatMs, headers } = components;
  const actor = requiredActor(request);
  const abort = new AbortController();
  const leave = streams.enter(actor.name, abort);
  reply.raw.once('close', () => abort.abort());
  try {
    const outputs = dispatcher.watch(row.name, inputOf(row, request), actor, abort.signal);
    const begun = await begin(outputs);
    reply.hijack();
    await sendEvents(reply.raw, begun, {
      abort,
      heartbeatMs,
      headers,
      stillAllowed: async () => (await authentication.actorOf(request, { touch: false })) !== undefined,
    });
    return reply;
  } finally {
    abort.abort();
    leave();
  }
}

/** Waits a moment for the first output, so that a refusal is thrown here and gets its status. */
async function begin(outputs: AsyncIterable<unknown>): Promise<AsyncIterable<unknown>> {
  const { first, whole } = beginIteration(outputs);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, refusalMs);
  });
  try {
    await Promise.race([first, silence]);
  } finally {
    clearTimeout(timer);
  }
  return whole;
}

/** The error of a route that isn't there. */
export function noSuchRoute(request: FastifyRequest): ShoalError {
  return new ShoalError('not_found', `no ${request.method} ${request.url.split('?')[0]}`, {
    hint: `${restPrefix}/openapi.json lists all routes`,
  });
}
