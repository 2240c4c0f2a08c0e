import { type Logger, ShoalError } from '@shoal/common';
import { FailureLimiter } from './failure-limiter.js';
import { verifyPassword } from './password.js';
import type { User, Users } from './users.js';

const windowMs = 5 * 60_000;
/** Failures of one address. */
const perAddress = 10;
/** Failures at one user from all addresses; higher, so that one address alone can't lock a user out. */
const perUser = 50;

/** Checks a name and password that come from an address. */
export type Login = (name: string, password: string, address: string) => Promise<User>;

/**
 * Makes the check. It throws `unauthenticated` for a wrong name or password, alike and after the same time, and `resource_exhausted` with
 * the time to wait after too many failures.
 */
export function createLogin(users: Users, now: () => number, logger: Logger): Login {
  const addresses = new FailureLimiter(perAddress, windowMs);
  const names = new FailureLimiter(perUser, windowMs);
  return async (name, password, address) => {
    const wait = Math.max(addresses.waitMs(address, now()), names.waitMs(name, now()));
    if (wait > 0) {
      throw new ShoalError('resource_exhausted', 'too many failed logins', {
        hint: `try again in ${Math.ceil(wait / 1000)} seconds`,
      });
    }
    // Counted beforehand, so that attempts at the same time don't slip through.
    addresses.fail(address, now());
    names.fail(name, now());
    const user = await users.get(name.slice(0, 64));
    if (await verifyPassword(password, user?.password)) {
      addresses.forget(address);
      names.forget(name);
      if (user !== undefined) return user;
    }
    logger.warn({ address }, 'login failed');
    throw new ShoalError('unauthenticated', 'wrong user name or password');
  };
}
