import { ShoalError } from '@shoal/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../services.js';
import { absoluteMs, type Sessions } from './sessions.js';
import type { Users } from './users.js';

const cookieName = 'shoal_session';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set on every route that needs a session. */
    actor: Actor | undefined;
  }
}

/** Who a request comes from, by its cookie. */
export interface Authentication {
  /** Undefined without a session. `touch` (default true): this counts as a use of it. */
  actorOf(request: FastifyRequest, options?: { readonly touch: boolean }): Promise<Actor | undefined>;
  /** Hook for routes that need a session: sets `request.actor` or throws `unauthenticated`. */
  require(request: FastifyRequest): Promise<void>;
  logIn(reply: FastifyReply, user: string): Promise<void>;
  logOut(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** `secure`: the cookie is for TLS only. */
export function createAuthentication(sessions: Sessions, users: Users, secure: boolean): Authentication {
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
  const actorOf: Authentication['actorOf'] = async (request, { touch } = { touch: true }) => {
    const id = request.cookies[cookieName];
    if (id === undefined) return undefined;
    const name = await sessions.userOf(id, { touch });
    // Read each time: a role that was taken away is gone at once.
    const user = name === undefined ? undefined : await users.get(name);
    return user === undefined ? undefined : { name: user.name, role: user.role, door: 'http' };
  };
  return {
    actorOf,
    async require(request) {
      const actor = await actorOf(request);
      if (actor === undefined) throw new ShoalError('unauthenticated', 'no session', { hint: 'log in' });
      request.actor = actor;
    },
    async logIn(reply, user) {
      const id = await sessions.create(user);
      reply.setCookie(cookieName, id, { ...cookie, maxAge: Math.floor(absoluteMs / 1000) });
    },
    async logOut(request, reply) {
      const id = request.cookies[cookieName];
      if (id !== undefined) await sessions.end(id);
      reply.clearCookie(cookieName, cookie);
    },
  };
}

/** The actor that `Authentication.require` found. */
export function requiredActor(request: FastifyRequest): Actor {
  if (request.actor === undefined) throw new ShoalError('internal', `${request.url} has no authentication`);
  return request.actor;
}

/**
 * Refuses changes that another site's page could have sent: they need a header that forms can't set, and when the browser tells
 * the page's origin, it must be this one.
 */
export async function refuseCrossSite(request: FastifyRequest): Promise<void> {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers['x-shoal-csrf'] === undefined) {
    throw new ShoalError('permission_denied', 'the header x-shoal-csrf is missing', {
      hint: 'send x-shoal-csrf: 1 with every POST',
    });
  }
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreign = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    throw new ShoalError('permission_denied', 'the request comes from another site');
  }
}
