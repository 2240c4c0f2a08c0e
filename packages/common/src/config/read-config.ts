import { readFile } from 'node:fs/promises';
import type { Problem } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { environmentLayer, flagLayer } from './config-layers.js';
import { problemsError } from './problems.js';
import { findMistakes } from './schema-mistakes.js';
import { pointer } from './validate.js';
import type { Validator } from './validator.js';
import type { DocumentPath, YamlDocument } from './yaml-document.js';
import { documentOfValue, parseYaml } from './yaml-document.js';

/** Where a process's configuration comes from. */
export interface ConfigSources<T> {
  readonly validator: Validator<T>;
  /** The configuration file (YAML); default: none. */
  readonly file?: string;
  /** A missing file is an error; else it counts as empty. Default false. */
  readonly fileRequired?: boolean;
  /**
   * Environment variables: the prefix and the path of a key in capitals, `dataDir` below `store` is `SHOAL_AGENT_STORE_DATA_DIR`. A variable with the
   * prefix that is no key's is an error. Values other than strings are written as in YAML; lists of strings may also be separated by commas.
   */
  readonly env?: { readonly prefix: string; readonly values: NodeJS.ProcessEnv };
  /** Dotted path of a key (`cluster.token`) to its value; undefined ones count as not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly defaults?: object;
}

/**
 * One process's configuration: flags go before environment, file, defaults, key by key (lists are taken whole). Throws `invalid_input` with every
 * problem at file:line:column, or the variable's or flag's name; `not_found` for a missing file that is required.
 */
export async function readConfig<T>(sources: ConfigSources<T>): Promise<T> {
  const { validator, defaults = {} } = sources;
  const document = await readDocument(sources);
  const problems: Problem[] = [];
  const layers = [
    environmentLayer(validator.schema, sources.env, problems),
    flagLayer(validator.schema, sources.flags, problems),
  ];
  let value: unknown = merge(defaults, document.value ?? {});
  for (const layer of layers) for (const entry of layer) value = withValue(value, entry.path, entry.value);
  const entries = layers.flat();
  for (const { path, part, message } of findMistakes(validator, value)) {
    const origin = entries.findLast((entry) => entry.path.every((segment, i) => path[i] === segment));
    if (origin !== undefined) problems.push({ message: `${origin.source} ${message}`, path: pointer(path) });
    else problems.push({ message, path: pointer(path), position: document.positionOf(path, part) });
  }
  if (problems.length > 0) throw problemsError(problems);
  return value as T;
}

async function readDocument({ file, fileRequired }: ConfigSources<unknown>): Promise<YamlDocument> {
  if (file === undefined) return documentOfValue({}, 'configuration');
  try {
    return parseYaml(await readFile(file, 'utf8'), file);
  } catch (thrown) {
    if (ShoalError.is(thrown)) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && fileRequired !== true) return documentOfValue({}, file);
    if (code === 'ENOENT') {
      throw new ShoalError('not_found', `configuration file ${file} doesn't exist`, { cause: thrown });
    }
    throw new ShoalError('failed_precondition', `can't read configuration file ${file}: ${code ?? thrown}`, {
      cause: thrown,
    });
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` upon `under`, mapping by mapping. */
function merge(under: unknown, over: unknown): unknown {
  if (!isMapping(under) || !isMapping(over)) return over === undefined ? under : over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(under[key], value);
  return merged;
}

function withValue(root: unknown, path: DocumentPath, value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const mapping = isMapping(root) ? root : {};
  return { ...mapping, [first]: withValue(mapping[first], rest, value) };
}
