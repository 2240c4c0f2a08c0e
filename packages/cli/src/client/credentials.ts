import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ShoalError } from '@shoal/common';

/** What lets an operator's command talk to a controller; the controller writes it as `admin-credentials.json` (mode 0600) on its first start. */
export interface Credentials {
  /** host:port of the controller's gRPC. */
  readonly server: string;
  readonly clusterId: string;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Data directory of `shoal demo`, below the working directory. */
export const demoDirectory = '.shoal-demo';

/** Where credentials are looked for when neither `--credentials` nor SHOAL_CREDENTIALS names them, in this order. */
export function defaultCredentialFiles(env: NodeJS.ProcessEnv, cwd: string): string[] {
  const config = env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return [
    join(cwd, demoDirectory, 'controller', 'admin-credentials.json'),
    join(config, 'shoal', 'credentials.json'),
    '/var/lib/shoal/controller/admin-credentials.json',
  ];
}

const fields = ['server', 'clusterId', 'caPem', 'certificatePem', 'keyPem'] as const;

function parse(text: string, file: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ShoalError('invalid_input', `${file} is not valid JSON: ${(error as Error).message}`);
  }
  const record = value as Record<string, unknown> | null;
  for (const field of fields) {
    if (typeof record?.[field] !== 'string') {
      throw new ShoalError(
        'invalid_input',
        `${file}: "${field}" is missing; this is not a Shoal credentials file`,
      );
    }
  }
  return value as Credentials;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES') {
      throw new ShoalError('permission_denied', `${file} is not readable for this user`, {
        hint: 'Run the command as root, or copy the file to ~/.config/shoal/credentials.json.',
      });
    }
    throw ShoalError.from(error);
  }
}

/**
 * Finds and reads the credentials: `explicit` (flag), else SHOAL_CREDENTIALS, else the first of `defaultCredentialFiles` that exists.
 *
 * @throws ShoalError `not_found` when there are none, `permission_denied` when they can't be read, `invalid_input` when they aren't credentials
 */
export async function findCredentials(
  explicit: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
): Promise<Credentials> {
  const named = explicit ?? env['SHOAL_CREDENTIALS'];
  const candidates = named === undefined ? defaultCredentialFiles(env, cwd) : [named];
  for (const file of candidates) {
    const text = await readIfThere(file);
    if (text !== undefined) return parse(text, file);
  }
  throw new ShoalError('not_found', `No credentials found (looked at ${candidates.join(', ')})`, {
    hint: "Copy the controller's admin-credentials.json here and name it with --credentials or SHOAL_CREDENTIALS, or run on the controller's host. On a node, `shoal status --local` tells how that node stands, without any.",
  });
}
