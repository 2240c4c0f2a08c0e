import type { JsonSchema } from '@shoal/common';
import {
  addressExpected,
  addressPattern,
  compileSchema,
  durationExpected,
  durationPattern,
  parseDuration,
  readConfig,
  ShoalError,
} from '@shoal/common';

/** How much of logs or stats is kept: what is older, and the oldest beyond the size, goes. */
export interface RetentionConfig {
  readonly ageMs: number;
  /** Of all nodes together. */
  readonly bytes: number;
}

/** The controller's configuration, complete: `controller.yaml`, environment and flags over defaults. docs/configuration-controller.md describes each key. */
export interface ControllerConfig {
  readonly cluster: { readonly name: string };
  readonly dataDir: string;
  readonly http: {
    readonly listen: string;
    readonly tls: 'auto' | 'off';
    readonly advertise: readonly string[];
  };
  readonly grpc: { readonly listen: string; readonly advertise: readonly string[] };
  readonly gossip: {
    readonly listen: string;
    readonly advertise?: string;
    readonly encrypt: boolean;
    /** A node that is removed knows the keys: rotate them then. */
    readonly rotateOnRemoval: boolean;
  };
  /** Directories of blueprints besides the built-in ones. */
  readonly blueprints: readonly string[];
  readonly log: { readonly level: string };
  readonly retention: { readonly logs: RetentionConfig; readonly stats: RetentionConfig };
  /** Longest term of leases; undefined: the license's own. */
  readonly leaseTtlMs: number | undefined;
  /** Path of a license file, beside those that are installed. */
  readonly license?: string;
  readonly certificateTtlMs: number;
}

interface RetentionFile {
  readonly age: string;
  readonly bytes: string | number;
}

interface ConfigFile extends Omit<ControllerConfig, 'retention' | 'leaseTtlMs' | 'certificateTtlMs'> {
  readonly retention: { readonly logs: RetentionFile; readonly stats: RetentionFile };
  readonly leaseTtl?: string;
  readonly certificateTtl: string;
}

/** The keys of `controller.yaml`, as those who start a controller in their own process may give them. */
export type ControllerSettings = { readonly [K in keyof ConfigFile]?: Partial<ConfigFile[K]> };

const text = { type: 'string', minLength: 1 };
const address = { ...text, pattern: addressPattern, expected: addressExpected };
const duration = { ...text, pattern: durationPattern, expected: durationExpected };
const size = {
  type: ['string', 'integer'],
  pattern: '^[0-9]+ ?([KMG]iB)?$',
  minimum: 1,
  expected: 'a size such as 64MiB or 1GiB, or a number of bytes',
};

function section(properties: Record<string, unknown>): unknown {
  return { type: 'object', additionalProperties: false, properties };
}

const retention = section({ age: duration, bytes: size });

/** JSON Schema of `controller.yaml`. */
export const controllerConfigSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    cluster: section({
      name: {
        ...text,
        pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
        expected: "1 to 63 of a-z, 0-9 and '-', beginning with a letter or digit",
      },
    }),
    dataDir: { ...text, pattern: '^/', expected: 'an absolute path' },
    http: section({
      listen: address,
      tls: { enum: ['auto', 'off'] },
      advertise: { type: 'array', items: text },
    }),
    grpc: section({ listen: address, advertise: { type: 'array', items: text } }),
    gossip: section({
      listen: address,
      advertise: text,
      encrypt: { type: 'boolean' },
      rotateOnRemoval: { type: 'boolean' },
    }),
    blueprints: { type: 'array', items: text },
    log: section({ level: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] } }),
    retention: section({ logs: retention, stats: retention }),
    license: { ...text, pattern: '^/', expected: 'an absolute path' },
    leaseTtl: duration,
    certificateTtl: duration,
  },
};

const validator = compileSchema<ConfigFile>(controllerConfigSchema);

/** What counts where nothing is set. */
export const controllerConfigDefaults: object = {
  cluster: { name: 'shoal' },
  dataDir: '/var/lib/shoal/controller',
  http: { listen: '127.0.0.1:9897', tls: 'auto', advertise: [] },
  grpc: { listen: '0.0.0.0:9898', advertise: [] },
  gossip: { listen: '0.0.0.0:9896', encrypt: true, rotateOnRemoval: true },
  blueprints: [],
  log: { level: 'info' },
  retention: { logs: { age: '7d', bytes: '2GiB' }, stats: { age: '30d', bytes: '1GiB' } },
  certificateTtl: '90d',
};

const defaultFile = '/etc/shoal/controller.yaml';
const smallestRetention = 1024 * 1024;

/** Where the configuration comes from. */
export interface ControllerConfigSources {
  /** Default: `/etc/shoal/controller.yaml` when it exists. */
  readonly configFile?: string;
  /** Settings of a caller in the same process; they go before environment and file. */
  readonly config?: ControllerSettings;
  /** Dotted path of a key to its value; they go before all others. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
}

/** Dotted paths of nested settings; lists stay whole. */
function flatten(settings: object, prefix = ''): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(settings) as [string, unknown][]) {
    const path = `${prefix}${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      Object.assign(flat, flatten(value, `${path}.`));
    } else flat[path] = value;
  }
  return flat;
}

const units: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function parseSize(value: string | number): number {
  if (typeof value === 'number') return value;
  const [, digits = '0', unit = ''] = /^([0-9]+) ?([KMG]iB)?$/.exec(value) ?? [];
  return Number(digits) * (units[unit] ?? 1);
}

function retentionOf(path: string, { age, bytes }: RetentionFile): RetentionConfig {
  const parsed = { ageMs: parseDuration(age), bytes: parseSize(bytes) };
  if (parsed.bytes < smallestRetention) {
    throw new ShoalError('invalid_input', `${path}.bytes: expected at least 1MiB, found ${bytes}`);
  }
  return parsed;
}

function atLeast(path: string, duration: string, smallest: string): number {
  const ms = parseDuration(duration);
  if (ms >= parseDuration(smallest)) return ms;
  throw new ShoalError('invalid_input', `${path}: expected at least ${smallest}, found ${duration}`);
}

/**
 * Reads the configuration: flags before settings before `SHOAL_CONTROLLER_*` before file before defaults.
 *
 * @throws ShoalError `invalid_input` with every problem at file:line:column
 */
export async function readControllerConfig(sources: ControllerConfigSources): Promise<ControllerConfig> {
  const inProcess = sources.config === undefined ? {} : flatten(sources.config);
  const read = await readConfig<ConfigFile>({
    validator,
    // Those who give settings in their own process mean these alone.
    ...(sources.configFile === undefined && sources.config !== undefined
      ? {}
      : { file: sources.configFile ?? defaultFile }),
    fileRequired: sources.configFile !== undefined,
    env: { prefix: 'SHOAL_CONTROLLER_', values: sources.env ?? {} },
    flags: { ...inProcess, ...sources.flags },
    defaults: controllerConfigDefaults,
  });
  const { leaseTtl, certificateTtl, retention: kept, ...rest } = read;
  return {
    ...rest,
    retention: {
      logs: retentionOf('retention.logs', kept.logs),
      stats: retentionOf('retention.stats', kept.stats),
    },
    leaseTtlMs: leaseTtl === undefined ? undefined : atLeast('leaseTtl', leaseTtl, '1m'),
    certificateTtlMs: atLeast('certificateTtl', certificateTtl, '1h'),
  };
}
