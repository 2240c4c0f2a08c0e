import { errorStatus, type Logger, ShoalError } from '@shoal/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { defect } from '../operations/dispatcher.js';

/** Anything thrown, as the caller may see it: what isn't a ShoalError stays in the log. */
export function publicError(thrown: unknown): ShoalError {
  return ShoalError.is(thrown) ? thrown : (fromFastify(thrown) ?? defect(thrown));
}

/** Fastify's own refusals: bad JSON, wrong content type, too large. */
function fromFastify(thrown: unknown): ShoalError | undefined {
  const { statusCode, message } = thrown as Partial<FastifyError>;
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  return new ShoalError('invalid_input', message ?? 'wrong request', { cause: thrown });
}

/** Answers `{error: {code, message, hint, problems}}` with the status of the code. */
export function createErrorHandler(
  logger: Logger,
): (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (thrown, request, reply) => {
    const error = publicError(thrown);
    if (error.code === 'internal' && !ShoalError.is(thrown)) {
      logger.error(
        { err: thrown, method: request.method, route: request.routeOptions.url },
        'request failed',
      );
    }
    const { statusCode = 0 } = thrown as Partial<FastifyError>;
    const own = statusCode === 413 || statusCode === 415 ? statusCode : errorStatus[error.code].http;
    return reply.code(own).send({ error: error.toJSON() });
  };
}
