import { stat } from 'node:fs/promises';
import { isReal, type RunCommand } from '../command.js';
import { StepError } from '../step-error.js';
import { aptEnvironment as environment } from './apt.js';

const askTimeoutMs = 60_000;
/** What dpkg changes whenever a package changes: its database, and the directory of changes that aren't in it yet. */
const database = ['/var/lib/dpkg/status', '/var/lib/dpkg/updates'];
const mostRemembered = 200;

interface Answer {
  readonly state: string;
  readonly version: string | null;
}

const remembered = new Map<string, Answer>();

/** Installed version of a package; null: not installed. dpkg is asked again only when its database changed. */
export async function installedVersion(name: string, ask: RunCommand): Promise<string | null> {
  const state = isReal(ask) ? await databaseState() : undefined;
  const known = remembered.get(name);
  if (state !== undefined && known?.state === state) return known.version;
  const version = await askDpkg(name, ask);
  remembered.delete(name);
  if (remembered.size >= mostRemembered) remembered.clear();
  // The state is that from before the question: a change meanwhile makes it another.
  if (state !== undefined) remembered.set(name, { state, version });
  return version;
}

/** Another text after each change of a package; undefined: it can't be told. */
async function databaseState(): Promise<string | undefined> {
  try {
    const found = await Promise.all(database.map((path) => stat(path, { bigint: true })));
    return found.map(({ ino, size, mtimeNs, ctimeNs }) => `${ino}.${size}.${mtimeNs}.${ctimeNs}`).join(' ');
  } catch {
    return undefined;
  }
}

async function askDpkg(name: string, ask: RunCommand): Promise<string | null> {
  const query = ['dpkg-query', '--show', '--showformat', `\${db:Status-Status} \${Version}\\n`, name];
  const result = await ask(query, { timeoutMs: askTimeoutMs, environment });
  if (result.missing) {
    throw new StepError('package steps need Debian packages (apt); this host has none: unsupported');
  }
  const [status, version] = (result.lines.at(-1) ?? '').split(' ');
  return result.code === 0 && status === 'installed' && version !== undefined ? version : null;
}
