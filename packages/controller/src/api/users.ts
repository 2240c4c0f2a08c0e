import { type Role, ShoalError } from '@shoal/common';
import { decodeJson, putJson } from '../store/json.js';
import type { Compare, Store, Write } from '../store/store.js';
import type { PasswordHash } from './password.js';

/** A person who may log in to the console. */
export interface User {
  readonly name: string;
  readonly role: Role;
  readonly password: PasswordHash;
  /** ms since the epoch */
  readonly createdAt: number;
}

const prefix = 'users/';

/** Throws `invalid_input` unless it may be a user's name. */
export function checkUserName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) return;
  const message =
    'the user name: expected 1 to 64 of letters, digits, . _ @ -, beginning with a letter or digit';
  throw new ShoalError('invalid_input', message, { problems: [{ path: '/name', message }] });
}

/** The users in the store. */
export interface Users {
  get(name: string): Promise<User | undefined>;
  /** Whether there is any. */
  exist(): Promise<boolean>;
}

export function createUsers(store: Store): Users {
  return {
    async get(name) {
      const entry = await store.get(`${prefix}${name}`);
      return entry === undefined ? undefined : decodeJson<User>(entry);
    },
    async exist() {
      return (await store.list(prefix, { limit: 1 })).length > 0;
    },
  };
}

/** What makes a user in a transaction: that there is none of the name, and the write. */
export function newUser(user: User): { readonly compare: Compare; readonly write: Write } {
  const key = `${prefix}${user.name}`;
  return { compare: { key, modRevision: 0 }, write: putJson(key, user) };
}
