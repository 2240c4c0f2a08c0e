import type {
  DrainDefinition,
  HealthCheck,
  LogSource,
  MetricSource,
  ProcessDefinition,
} from '../blueprint/blueprint.js';
import type { Step } from '../blueprint/step.js';
import type { Params } from '../spec/spec.js';

/** A secret in a service's parameters: where it stands below `params`, and which version of it is meant. */
export interface ManifestSecret {
  readonly path: readonly (string | number)[];
  readonly name: string;
  readonly version: string;
}

/** One service as one node must have it: the blueprint's parts with this node's parameters; templates unrendered. */
export interface ManifestService {
  readonly name: string;
  readonly blueprint: string;
  readonly blueprintVersion: string;
  /** Every parameter of the blueprint, defaults filled in. */
  readonly params: Params;
  /** The secrets that stand in `params` as `{ secret: NAME }`; absent: none. Values come sealed beside the manifest, never in it. */
  readonly secrets?: readonly ManifestSecret[];
  readonly variables: Readonly<Record<string, string>>;
  /** In order; template files inlined as `TemplateSource`. */
  readonly steps: readonly Step[];
  readonly process: ProcessDefinition;
  readonly health: HealthCheck | null;
  /** Absent: it isn't drained. */
  readonly drain?: DrainDefinition;
  readonly metrics: readonly MetricSource[];
  readonly logs: readonly LogSource[];
  /** Absent: what drifts is only told. So a manifest from before this key keeps its content hash. */
  readonly drift?: 'repair';
}

/** What one node must look like at one revision. Signed by the controller, converged by the agent. */
export interface Manifest {
  readonly format: 1;
  readonly clusterId: string;
  readonly node: string;
  readonly revision: number;
  /** In the order in which they are converged. */
  readonly services: readonly ManifestService[];
}
