import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { JsonSchema } from '@shoal/common';
import {
  addressExpected,
  addressPattern,
  compileSchema,
  durationExpected,
  durationPattern,
  nodeNameExpected,
  nodeNamePattern,
  parseAddress,
  parseDuration,
  readConfig,
  ShoalError,
} from '@shoal/common';
import type { SupervisorKind } from './converge/converger.js';

/** The agent's configuration, complete: `agent.yaml`, environment and flags over defaults. docs/configuration-agent.md describes each key. */
export interface AgentConfig {
  readonly node: { readonly name: string; readonly site: string };
  readonly dataDir: string;
  /** Absent: standalone. */
  readonly cluster?: {
    /** host:port of the controller's gRPC door. */
    readonly controller: string;
    readonly token?: string;
    readonly tokenFile?: string;
  };
  readonly gossip: { readonly listen: string; readonly advertise?: string };
  readonly supervisor: SupervisorKind;
  /** Where Prometheus reads the agent's own metrics; `off` for nowhere. */
  readonly metrics: { readonly listen: string };
  readonly standalone: {
    readonly spec: string;
    /** File of secrets: names to texts. */
    readonly secrets: string;
  };
  /** Directories of blueprints besides the built-in ones (standalone). */
  readonly blueprints: readonly string[];
  readonly spool: { readonly maxBytes: number };
  readonly stats: { readonly intervalMs: number };
  /** How often it is looked whether what is in force still holds. */
  readonly drift: { readonly intervalMs: number };
  readonly log: { readonly level: string };
}

interface ConfigFile extends Omit<AgentConfig, 'spool' | 'stats' | 'drift'> {
  readonly spool: { readonly maxBytes: string | number };
  readonly stats: { readonly interval: string };
  readonly drift: { readonly interval: string };
}

const text = { type: 'string', minLength: 1 };
const interval = { ...text, pattern: durationPattern, expected: durationExpected };
const address = { ...text, pattern: addressPattern, expected: addressExpected };

function section(properties: Record<string, unknown>, required: readonly string[] = []): unknown {
  return { type: 'object', additionalProperties: false, properties, required };
}

/** JSON Schema of `agent.yaml`. */
export const agentConfigSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    node: section({ name: { ...text, pattern: nodeNamePattern, expected: nodeNameExpected }, site: text }),
    dataDir: { ...text, pattern: '^/', expected: 'an absolute path' },
    cluster: section({ controller: text, token: text, tokenFile: text }, ['controller']),
    gossip: section({ listen: address, advertise: address }),
    supervisor: { enum: ['systemd', 'process'] },
    metrics: section({
      listen: { ...text, pattern: `^off$|${addressPattern}`, expected: `${addressExpected}, or off` },
    }),
    standalone: section({ spec: text, secrets: text }),
    blueprints: { type: 'array', items: text },
    spool: section({
      maxBytes: {
        type: ['string', 'integer'],
        pattern: '^[0-9]+ ?([KMG]iB)?$',
        minimum: 1,
        expected: 'a size such as 64MiB or 1GiB, or a number of bytes',
      },
    }),
    stats: section({ interval }),
    drift: section({ interval }),
    log: section({ level: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] } }),
  },
};

const validator = compileSchema<ConfigFile>(agentConfigSchema);

const smallestSpool = 1024 * 1024;

/** Where the configuration comes from. */
export interface AgentConfigSources {
  /** Default: `/etc/shoal/agent.yaml` when it exists. */
  readonly configFile?: string;
  /** Dotted path of a key to its value. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
}

const defaultFile = '/etc/shoal/agent.yaml';

/** Reads the configuration: flags before `SHOAL_AGENT_*` before file before defaults. Throws `invalid_input` with every problem at file:line:column. */
export async function readAgentConfig(sources: AgentConfigSources): Promise<AgentConfig> {
  const file = sources.configFile ?? defaultFile;
  const read = await readConfig<ConfigFile>({
    validator,
    file,
    fileRequired: sources.configFile !== undefined,
    env: { prefix: 'SHOAL_AGENT_', values: sources.env ?? {} },
    ...(sources.flags === undefined ? {} : { flags: sources.flags }),
    defaults: agentConfigDefaults(),
  });
  return complete(read);
}

/** What counts where nothing is set; `node.name` and `supervisor` depend on the host. */
export function agentConfigDefaults(): object {
  const systemd = existsSync('/run/systemd/system') && process.getuid?.() === 0;
  return {
    node: { name: (hostname().split('.')[0] ?? 'node').toLowerCase(), site: 'default' },
    dataDir: '/var/lib/shoal/agent',
    gossip: { listen: '0.0.0.0:9896' },
    supervisor: systemd ? 'systemd' : 'process',
    metrics: { listen: '127.0.0.1:9899' },
    standalone: { spec: '/etc/shoal/local.yaml', secrets: '/etc/shoal/secrets.yaml' },
    blueprints: [],
    spool: { maxBytes: '256MiB' },
    stats: { interval: '10s' },
    drift: { interval: '10s' },
    log: { level: 'info' },
  };
}

function complete(read: ConfigFile): AgentConfig {
  const maxBytes = parseBytes(read.spool.maxBytes);
  if (maxBytes < smallestSpool) throw tooSmall('spool.maxBytes', '1MiB or more');
  const intervalMs = parseDuration(read.stats.interval);
  if (intervalMs < 1000) throw tooSmall('stats.interval', '1s or more');
  const driftMs = parseDuration(read.drift.interval);
  if (driftMs < 1000) throw tooSmall('drift.interval', '1s or more');
  if (read.cluster !== undefined) checkController(read.cluster.controller);
  return { ...read, spool: { maxBytes }, stats: { intervalMs }, drift: { intervalMs: driftMs } };
}

/** The port may be left out here. */
function checkController(text: string): void {
  try {
    parseAddress(text, 9898);
  } catch (thrown) {
    throw new ShoalError('invalid_input', `cluster.controller: ${ShoalError.from(thrown).message}`);
  }
}

function tooSmall(key: string, expected: string): ShoalError {
  return new ShoalError('invalid_input', `${key} is too small: expected ${expected}`);
}

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function parseBytes(size: string | number): number {
  if (typeof size === 'number') return size;
  const match = /^(\d+) ?(KiB|MiB|GiB)?$/.exec(size);
  return Number(match?.[1] ?? 0) * (units[match?.[2] ?? ''] ?? 1);
}
