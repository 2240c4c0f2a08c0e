import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { ShoalError } from '@shoal/common';

/** A password as it is kept: scrypt (RFC 7914) with its parameters, so that they can be raised later. Bytes in base64. */
export interface PasswordHash {
  readonly algorithm: 'scrypt';
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: string;
  readonly hash: string;
}

/** 2^15 and 8: 32 MiB and about a tenth of a second for each attempt. */
const parameters = { cost: 2 ** 15, blockSize: 8, parallelization: 1 };
const hashBytes = 32;
const shortest = 12;
const longest = 256;
/** Derivations at the same time, and those that wait: a crowd at the login must not take the memory. */
const atOnce = 2;
const mostWaiting = 16;

let running = 0;
const waiting: (() => void)[] = [];

async function withTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    if (waiting.length >= mostWaiting) {
      throw new ShoalError('resource_exhausted', 'too many logins at the same time', {
        hint: 'try again in some seconds',
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function derive(password: string, salt: Buffer, { cost, blockSize, parallelization }: typeof parameters) {
  const limits = { cost, blockSize, parallelization, maxmem: 256 * cost * blockSize };
  return withTurn(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, hashBytes, limits, (error, hash) =>
          error === null ? resolve(hash) : reject(error),
        );
      }),
  );
}

/** Throws `invalid_input` unless it may be a password: 12 to 256 characters, not the name. */
export function checkPassword(password: string, name: string): void {
  let message: string | undefined;
  if (password.length < shortest)
    message = `the password has ${password.length} characters, expected at least ${shortest}`;
  else if (password.length > longest) message = `the password has more than ${longest} characters`;
  else if (password.toLowerCase().includes(name.toLowerCase()) && password.length < name.length + shortest) {
    message = 'the password is little more than the user name';
  }
  if (message === undefined) return;
  throw new ShoalError('invalid_input', message, { problems: [{ path: '/password', message }] });
}

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, parameters);
  return {
    algorithm: 'scrypt',
    ...parameters,
    salt: salt.toString('base64'),
    hash: hash.toString('base64'),
  };
}

/** What an attempt is compared with when there is no such user, so that it takes as long. */
const nobody: PasswordHash = {
  algorithm: 'scrypt',
  ...parameters,
  salt: Buffer.alloc(16).toString('base64'),
  hash: Buffer.alloc(hashBytes).toString('base64'),
};

/** Whether it is the password; without a `stored` one it never is, after the same time. */
export async function verifyPassword(password: string, stored: PasswordHash | undefined): Promise<boolean> {
  const against = stored ?? nobody;
  const hash = await derive(password.slice(0, longest), Buffer.from(against.salt, 'base64'), against);
  return timingSafeEqual(hash, Buffer.from(against.hash, 'base64')) && stored !== undefined;
}
