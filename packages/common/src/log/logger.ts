import type { Bindings, ChildLoggerOptions, DestinationStream, Logger } from 'pino';
import { pino } from 'pino';
import { isSecretName } from '../config/describe-mistake.js';

export type { Logger } from 'pino';

/** How a process logs. */
export interface LoggerOptions {
  /** Stands in every record: `agent`, `controller`. */
  readonly name: string;
  /** `trace`, `debug`, `info` (default), `warn`, `error`, `fatal`, `silent`. */
  readonly level?: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
  /** Takes out of each written line what must not be read there. Default: nothing. */
  readonly redact?: (line: string) => string;
}

const maxDepth = 6;

/**
 * JSON lines (pino), with what must not be read there taken out: the values of members named like a token, secret, password, passphrase,
 * key, authorization, cookie or credential become `[redacted]`, at any depth, in records and in child loggers' bindings.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { redact: redactLine } = options;
  const settings = {
    ...(redactLine === undefined ? {} : { hooks: { streamWrite: redactLine } }),
    name: options.name,
    level: options.level ?? 'info',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (record: Record<string, unknown>) => redactMembers(record, 0),
    },
  };
  const logger: Logger =
    options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  // pino applies no formatter to the bindings of children; these inherit from their parent, so one override serves all.
  const child = logger.child;
  const redactingChild = function (
    this: Logger,
    bindings: Bindings,
    childOptions?: ChildLoggerOptions,
  ): Logger {
    return Reflect.apply(child, this, [redactMembers(bindings, 0), childOptions]) as Logger;
  };
  Object.defineProperty(logger, 'child', { value: redactingChild, configurable: true, writable: true });
  return logger;
}

function redactMembers(members: Record<string, unknown>, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) {
    kept[name] = isSecretName(name) && value !== undefined ? '[redacted]' : redact(value, depth + 1);
  }
  return kept;
}

function redact(value: unknown, depth: number): unknown {
  if (Array.isArray(value))
    return depth > maxDepth ? '[too deep]' : value.map((item) => redact(item, depth + 1));
  // Only plain objects: errors have pino's own serializer, others their toJSON.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return depth > maxDepth ? '[too deep]' : redactMembers(value as Record<string, unknown>, depth);
}
