import type { Problem } from '../errors/shoal-error.js';
import { loadYaml } from './lazy.js';
import { didYouMean } from './nearest.js';
import type { JsonSchema } from './validator.js';

/** One key that the environment or the command line sets. */
export interface ConfigEntry {
  readonly path: readonly string[];
  readonly value: unknown;
  /** What a problem of it begins with: `SHOAL_AGENT_CLUSTER_TOKEN:`, `--set`. */
  readonly source: string;
}

/** What the environment sets; a variable with the prefix that is no key's becomes a problem. */
export function environmentLayer(
  schema: JsonSchema,
  env: { readonly prefix: string; readonly values: NodeJS.ProcessEnv } | undefined,
  problems: Problem[],
): ConfigEntry[] {
  if (env === undefined) return [];
  const keys = new Map(keysOf(schema).map((key) => [variableName(env.prefix, key.path), key]));
  const entries: ConfigEntry[] = [];
  for (const [name, text] of Object.entries(env.values)) {
    if (!name.startsWith(env.prefix) || text === undefined) continue;
    const key = keys.get(name);
    if (key === undefined) {
      problems.push({ message: `unknown environment variable ${name}${didYouMean(name, keys.keys())}` });
    } else entries.push({ path: key.path, value: fromText(text, key.schema), source: `${name}:` });
  }
  return entries;
}

/** What the command line sets; a flag that is no key's becomes a problem. */
export function flagLayer(
  schema: JsonSchema,
  flags: Readonly<Record<string, unknown>> | undefined,
  problems: Problem[],
): ConfigEntry[] {
  const keys = new Map(keysOf(schema).map((key) => [key.path.join('.'), key]));
  const entries: ConfigEntry[] = [];
  for (const [flag, value] of Object.entries(flags ?? {})) {
    if (value === undefined) continue;
    const key = keys.get(flag);
    if (key === undefined)
      problems.push({ message: `unknown key "${flag}" of --set${didYouMean(flag, keys.keys())}` });
    else {
      const typed = typeof value === 'string' ? fromText(value, key.schema) : value;
      entries.push({ path: key.path, value: typed, source: '--set' });
    }
  }
  return entries;
}

interface Key {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

/** Every key below a schema of mappings, outer ones too. */
function keysOf(schema: JsonSchema, path: readonly string[] = []): Key[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).flatMap(([name, child]) => [
    { path: [...path, name], schema: child },
    ...keysOf(child, [...path, name]),
  ]);
}

function variableName(prefix: string, path: readonly string[]): string {
  const words = path.map((name) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_'));
  return `${prefix}${words.join('_').toUpperCase()}`;
}

/** Text as the key's type: as it is where a string is allowed, else as a YAML value; what doesn't parse is left for the schema to refuse. */
function fromText(text: string, schema: JsonSchema): unknown {
  const types = [schema['type']].flat();
  if (types.includes('string') || schema['type'] === undefined) return text;
  if (types.includes('array') && !text.trim().startsWith('[')) {
    return text === '' ? [] : text.split(',').map((item) => item.trim());
  }
  try {
    return loadYaml().parse(text);
  } catch {
    return text;
  }
}
