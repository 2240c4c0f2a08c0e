import type { Duration } from '../spec/spec.js';
import type { Step } from './step.js';

/** A parameter of a blueprint: a JSON Schema (draft 2020-12 subset: type, enum, minimum, maximum, pattern, items, properties) with a default and a description. A parameter without default is required. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly description: string;
  readonly default?: unknown;
  /** Its value is to be kept secret: a plan warns when it is given as plain text. Default false. */
  readonly secret?: boolean;
  readonly [keyword: string]: unknown;
}

/** How a service's process is run. `unit` serves the systemd supervisor, `command` the process supervisor. */
export interface ProcessDefinition {
  readonly unit?: string;
  /** Each word a template; the process stays in the foreground. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Signal that makes the process take its configuration anew; default: none, a reload is a restart. */
  readonly reloadSignal?: 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';
  /** Signal for a graceful stop. Default `SIGTERM`. */
  readonly stopSignal?: 'SIGTERM' | 'SIGQUIT' | 'SIGINT';
  /** After that long SIGKILL. Default `30s`. */
  readonly stopTimeout?: Duration;
}

/** A service is healthy when GET `url` answers 2xx or 3xx. */
export interface HealthCheck {
  /** Template. */
  readonly url: string;
  /** Templates. After a change each of these must answer 2xx or 3xx too; they aren't asked otherwise. */
  readonly probes?: readonly string[];
  /** Default `2s`. */
  readonly interval?: Duration;
  /** Default `2s`. */
  readonly timeout?: Duration;
  /** It must have been healthy for that long to pass a gate. Default `2s`. */
  readonly healthyFor?: Duration;
  /** A gate fails when health isn't reached in that time. Default `30s`. */
  readonly deadline?: Duration;
}

/**
 * The service is taken out of load balancers before it is disturbed: the node gossips that it drains, waits until no request comes any more,
 * changes the service, and comes back once it is healthy.
 */
export interface DrainDefinition {
  /** What disturbs it: `restart` (default) the process's restart, `change` anything that changes. */
  readonly on?: 'restart' | 'change';
  /** No request was seen for that long: it is drained. Default `1s`. Without log source with `traffic` only `settle` counts. */
  readonly quiet?: Duration;
  /** Shortest wait: until then the load balancers may not know. Default `3s`. */
  readonly settle?: Duration;
  /** Longest wait; then it goes on all the same. Default `30s`. */
  readonly timeout?: Duration;
}

/** Which fields of a source's parsed lines tell of requests. A line without the first is none. */
export interface TrafficFields {
  /** Field with the status that was answered; 500 to 599 are errors. */
  readonly status: string;
  /** Field with the seconds that the answer took; one that isn't a number isn't counted. */
  readonly seconds?: string;
  /** Field that is `limit` in requests that were refused for the limit of the lease, and anything else, or absent, in others. */
  readonly refused?: string;
}

/** Where a service's own metrics come from. */
export interface MetricSource {
  /** nginx's stub_status page, the Prometheus text format, or KrakenD's `/__stats`. */
  readonly type: 'nginx-stub-status' | 'prometheus' | 'krakend';
  /** Template. */
  readonly url: string;
  readonly when?: string;
}

/** Where a service's log lines come from. Exactly one of `file`, `unit` and `stdout`. */
export interface LogSource {
  /** Name of the source in `shoal logs`: `access`, `error`, ... */
  readonly source: string;
  /** Template; path of a file to tail. */
  readonly file?: string;
  /** Template; systemd unit whose journal is read. */
  readonly unit?: string;
  /** The supervised process's own output (process supervisor). */
  readonly stdout?: boolean;
  /** How a line is taken apart. Default `plain`. */
  readonly parser?: 'plain' | 'json' | 'combined' | 'nginx-error' | 'krakend';
  /** The lines are the requests that the service answered. */
  readonly traffic?: TrafficFields;
  readonly when?: string;
}

/** The reusable definition of a service: `blueprint.yaml` and a folder of `templates/`. YAML and templates, no code. */
export interface Blueprint {
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  /** The feature that a cluster's license must include for a spec to begin to use it. Default: none, every tier may. */
  readonly feature?: string;
  readonly parameters: Readonly<Record<string, ParameterSchema>>;
  /** Names for texts that several steps use: templates, rendered before the steps, each after those that it uses. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly process: ProcessDefinition;
  readonly health?: HealthCheck;
  readonly drain?: DrainDefinition;
  readonly metrics?: readonly MetricSource[];
  readonly logs?: readonly LogSource[];
}
