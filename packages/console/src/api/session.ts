import type { Role } from '@shoal/common';
import { requestJson } from './http.js';

/** Who is logged in. */
export interface User {
  readonly name: string;
  readonly role: Role;
}

/** What `GET /api/v1/session` tells. */
export interface Session {
  readonly user: User | null;
  /** No user exists yet: the controller's log holds a one-time link. */
  readonly firstRun: boolean;
}

export function readSession(): Promise<Session> {
  return requestJson<Session>('GET', '/api/v1/session');
}

export function logIn(name: string, password: string): Promise<void> {
  return requestJson('POST', '/api/v1/login', { body: { name, password } });
}

export function logOut(): Promise<void> {
  return requestJson('POST', '/api/v1/logout', { body: {} });
}

/** Makes the first administrator with the one-time token of the controller's log, and logs in. */
export function firstRun(token: string, name: string, password: string): Promise<void> {
  return requestJson('POST', '/api/v1/first-run', { body: { token, name, password } });
}
