import { compileSchema, type Logger, ShoalError, validationProblems } from '@shoal/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditLog } from '../operations/audit.js';
import { restPrefix } from '../operations/table.js';
import type { Store } from '../store/store.js';
import type { Authentication } from './authentication.js';
import { FailureLimiter } from './failure-limiter.js';
import { completeFirstRun } from './first-run.js';
import { createLogin } from './login.js';
import type { User, Users } from './users.js';

/** What the routes of login and first run need. */
export interface SessionRoutesComponents {
  readonly store: Store;
  readonly users: Users;
  readonly authentication: Authentication;
  readonly audit: AuditLog;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Requests without a session are small. */
const bodyLimit = 16 * 1024;
const text = { type: 'string', maxLength: 1024 };

function bodySchema(...keys: readonly string[]) {
  const properties = Object.fromEntries(keys.map((key) => [key, text]));
  return compileSchema<Record<string, string>>({
    type: 'object',
    properties,
    required: keys,
    additionalProperties: false,
  });
}

const loginBody = bodySchema('name', 'password');
const firstRunBody = bodySchema('token', 'name', 'password');

function bodyOf<T>(request: FastifyRequest, validator: ReturnType<typeof compileSchema<T>>): T {
  const { body } = request;
  if (validator.fits(body)) return body;
  const positionOf = () => ({ file: 'body', line: 1, column: 1 });
  const document = { file: 'body', text: '', value: body, positionOf };
  const problems = validationProblems(document, validator).map(({ message }) => ({ message }));
  const message = `wrong request: ${problems.map((problem) => problem.message).join('; ')}`;
  throw new ShoalError('invalid_input', message, { problems });
}

function shown(user: Pick<User, 'name' | 'role'>): { user: { name: string; role: string } } {
  return { user: { name: user.name, role: user.role } };
}

/** Who am I, login, logout, first run: the routes of the API that need no session. */
export function addSessionRoutes(app: FastifyInstance, components: SessionRoutesComponents): void {
  const { store, users, authentication, audit, logger, now } = components;
  const logIn = createLogin(users, now, logger);
  const firstRuns = new FailureLimiter(20, 60_000);

  app.get(`${restPrefix}/session`, async (request) => {
    const actor = await authentication.actorOf(request);
    const user = actor === undefined ? { user: null } : shown(actor);
    return { ...user, firstRun: !(await users.exist()) };
  });

  app.post(`${restPrefix}/login`, { bodyLimit }, async (request, reply) => {
    const { name = '', password = '' } = bodyOf(request, loginBody);
    const user = await logIn(name, password, request.ip);
    await authentication.logIn(reply, user.name);
    await recordLogin(audit, user.name, 'session.login', now());
    return shown(user);
  });

  app.post(`${restPrefix}/logout`, { bodyLimit }, async (request, reply) => {
    const actor = await authentication.actorOf(request);
    await authentication.logOut(request, reply);
    if (actor !== undefined) await recordLogin(audit, actor.name, 'session.logout', now());
    return {};
  });

  app.post(`${restPrefix}/first-run`, { bodyLimit }, async (request, reply) => {
    if (firstRuns.waitMs(request.ip, now()) > 0) {
      throw new ShoalError('resource_exhausted', 'too many attempts', { hint: 'try again in a minute' });
    }
    firstRuns.fail(request.ip, now());
    const { token = '', name = '', password = '' } = bodyOf(request, firstRunBody);
    const user = await completeFirstRun(store, { token, name, password }, now());
    logger.info({ user: user.name }, 'the first administrator was made');
    await authentication.logIn(reply, user.name);
    return shown(user);
  });
}

async function recordLogin(audit: AuditLog, name: string, operation: string, at: number): Promise<void> {
  await audit.record({ at, actor: { name, door: 'http' }, operation, input: {}, outcome: 'ok' });
}
