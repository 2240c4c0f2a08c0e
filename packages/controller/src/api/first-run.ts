import { ShoalError } from '@shoal/common';
import { auditWrite } from '../operations/audit.js';
import { getJson, putJson } from '../store/json.js';
import type { Store } from '../store/store.js';
import { checkPassword, hashPassword } from './password.js';
import { hashOf, isSecretOf, newSecret } from './secrets.js';
import { checkUserName, createUsers, newUser, type User } from './users.js';

const key = 'first-run';

interface FirstRunToken {
  readonly hash: string;
}

/** Makes a new token, the only one that is good from now on; undefined when there are users already. */
export async function offerFirstRun(store: Store): Promise<string | undefined> {
  if (await createUsers(store).exist()) return undefined;
  const token = newSecret();
  await store.transact({ writes: [putJson(key, { hash: hashOf(token) } satisfies FirstRunToken)] });
  return token;
}

/**
 * Makes the first administrator and uses the token up, in one transaction with the audit record. Throws `permission_denied` for a token that isn't
 * the one of this start, `failed_precondition` when it was used.
 */
export async function completeFirstRun(
  store: Store,
  input: { readonly token: string; readonly name: string; readonly password: string },
  now: number,
): Promise<User> {
  const offered = await getJson<FirstRunToken>(store, key);
  if (offered === undefined) {
    throw new ShoalError('failed_precondition', 'the first-run link has been used', {
      hint: 'log in instead',
    });
  }
  if (!isSecretOf(input.token, offered.value.hash)) {
    throw new ShoalError('permission_denied', "the first-run link isn't the present one", {
      hint: "each start of the controller makes a new link; take the newest from the controller's log",
    });
  }
  checkUserName(input.name);
  checkPassword(input.password, input.name);
  const password = await hashPassword(input.password);
  const user: User = { name: input.name, role: 'admin', password, createdAt: now };
  const { compare, write } = newUser(user);
  const record = auditWrite({
    at: now,
    actor: { name: user.name, door: 'http' },
    operation: 'user.first-run',
    input: { name: user.name, role: user.role },
    outcome: 'ok',
  });
  const { committed } = await store.transact({
    compare: [compare, { key, modRevision: offered.modRevision }],
    writes: [write, record, { type: 'delete', key }],
  });
  if (committed) return user;
  throw new ShoalError('failed_precondition', 'the first-run link has been used', { hint: 'log in instead' });
}
