import { createLogger, type Logger, type Role } from '@shoal/common';
import type { Test } from 'tap';
import { FixedMembership } from '../cluster/membership.js';
import { createDispatcher, type Dispatcher } from '../operations/dispatcher.js';
import { createFakeServices, type FakeServices } from '../operations/fake-services.test.support.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store } from '../store/store.js';
import { createMetrics } from './metrics.js';
import { hashPassword } from './password.js';
import { type ApiServer, type ApiServerOptions, createApiServer } from './server.js';
import { newUser } from './users.js';

/** A request of a test; changes carry the CSRF header unless told otherwise. */
export interface FakeRequest {
  readonly method?: string;
  readonly cookie?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly csrf?: boolean;
  readonly signal?: AbortSignal;
}

/** The HTTP door over fake services and a store in memory. */
export interface FakeApi {
  readonly services: FakeServices;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly server: ApiServer;
  readonly dataDir: string;
  /** The wall clock that the door sees. */
  readonly clock: { now: number };
  request(path: string, request?: FakeRequest): Promise<Response>;
  /** The session cookie of a user with that role; the user is made and logged in at first use. */
  cookieOf(role: Role): Promise<string>;
}

export const password = 'correct horse battery';

type FakeApiOptions = Partial<Omit<ApiServerOptions, 'dispatcher' | 'metrics' | 'now'>> & {
  readonly clock?: { now: number };
};

/** Puts a user into the store. */
export async function addUser(store: Store, name: string, role: Role): Promise<void> {
  const { compare, write } = newUser({ name, role, password: await hashPassword(password), createdAt: 0 });
  await store.transact({ compare: [compare], writes: [write] });
}

/** The session cookie that an answer sets, for the `cookie` header. */
export function cookieIn(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

export async function createFakeApi(t: Test, options: FakeApiOptions): Promise<FakeApi> {
  const services = createFakeServices();
  const store = options.store ?? new MemoryStore();
  const logger: Logger = options.logger ?? createLogger({ name: 'test', level: 'silent' });
  const clock = options.clock ?? { now: Date.now() };
  const now = () => clock.now;
  const metrics = createMetrics({
    leases: { granted: 2 },
    growth: { refused: 1 },
    services,
    store,
    nodes: { offers: { counts: { full: { offers: 1, bytes: 900 }, delta: { offers: 2, bytes: 70 } } } },
    membership: new FixedMembership(),
    logs: { counts: { lines: 12, duplicates: 3 }, bytes: 100 },
    stats: { samples: 4, bytes: 50 },
  });
  const dispatcher = createDispatcher({ services, store, logger, now, observe: metrics.observeOperation });
  const dataDir = options.dataDir ?? t.testdir({});
  const server = await createApiServer({
    listen: { host: '127.30.0.1', port: 0 },
    ...options,
    dispatcher,
    store,
    metrics,
    logger,
    now,
    dataDir,
  });
  t.teardown(() => server.close());
  const request: FakeApi['request'] = (path, { method = 'GET', cookie, body, headers, csrf, signal } = {}) =>
    fetch(`${server.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' || csrf === false ? {} : { 'x-shoal-csrf': '1' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  const cookies = new Map<Role, Promise<string>>();
  const logIn = async (role: Role) => {
    await addUser(store, `${role}-user`, role);
    const body = { name: `${role}-user`, password };
    return cookieIn(await request('/api/v1/login', { method: 'POST', body }));
  };
  const cookieOf = (role: Role) => {
    const cookie = cookies.get(role) ?? logIn(role);
    cookies.set(role, cookie);
    return cookie;
  };
  return { services, store, dispatcher, server, dataDir, clock, request, cookieOf };
}
