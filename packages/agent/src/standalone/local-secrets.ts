import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { longestSecret, parseYaml, ShoalError, validateSecretName, validateSecretValue } from '@shoal/common';
import type { SecretValue } from '../secrets/secret-store.js';

/** Larger files of secrets aren't read. */
const mostBytes = 16 * longestSecret;

/** Where a standalone agent's secrets come from. */
export interface LocalSecretsSources {
  /** YAML: names to texts. Readable by its owner alone, who is the agent's user or root. */
  readonly file: string;
  /** What systemd hands the agent (`LoadCredential=secrets.yaml:...`); used when `file` isn't there. */
  readonly credentialsDirectory?: string | undefined;
  /** A keyed digest, hex: a value's version is one. */
  readonly digest: (text: string) => string;
}

/** The secrets of a standalone host; none when no file is there. Throws `failed_precondition` for a file that others may read, `invalid_input` for one that isn't right; never with a value. */
export async function readLocalSecrets(sources: LocalSecretsSources): Promise<readonly SecretValue[]> {
  const { file, credentialsDirectory, digest } = sources;
  const handed = credentialsDirectory === undefined ? undefined : join(credentialsDirectory, 'secrets.yaml');
  const found = (await readOwn(file)) ?? (handed === undefined ? undefined : await readOwn(handed));
  if (found === undefined) return [];
  return Object.entries(parsed(found.text, found.path)).map(([name, value]) => {
    validateSecretName(name);
    if (typeof value !== 'string') {
      throw new ShoalError(
        'invalid_input',
        `${found.path}: the value of secret "${name}" is not text: quote it`,
      );
    }
    validateSecretValue(name, value);
    return { name, version: digest(`${name}\0${value}`).slice(0, 16), value };
  });
}

async function readOwn(path: string): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new ShoalError('failed_precondition', `can't read ${path}: ${cause.code}`, { cause });
  });
  if (handle === undefined) return undefined;
  try {
    const { mode, uid, size } = await handle.stat();
    const isOwn = uid === 0 || uid === process.getuid?.();
    if ((mode & 0o077) !== 0 || !isOwn) {
      throw new ShoalError(
        'failed_precondition',
        `${path} holds secrets, and others than the agent's user may read or change it`,
        {
          hint: `chown it to the agent's user or root, and: chmod 600 ${path}`,
        },
      );
    }
    if (size > mostBytes) throw new ShoalError('invalid_input', `${path} is larger than ${mostBytes} bytes`);
    return { path, text: await handle.readFile('utf8') };
  } finally {
    await handle.close();
  }
}

/** The parser's own words may repeat a line of the file: they are left out. */
function parsed(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    ({ value } = parseYaml(text, path));
  } catch (thrown) {
    const [problem] = ShoalError.from(thrown).problems;
    const line = problem?.position === undefined ? '' : `:${problem.position.line}`;
    throw new ShoalError('invalid_input', `${path}${line}: faulty YAML`);
  }
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ShoalError('invalid_input', `${path}: expected a mapping of names to texts`);
}
