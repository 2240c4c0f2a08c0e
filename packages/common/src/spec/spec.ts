/** A parameter's value as it stands in a spec. */
export type ParamValue =
  | string
  | number
  | boolean
  | null
  | readonly ParamValue[]
  | { readonly [key: string]: ParamValue };

/** Parameter name to value. */
export type Params = Readonly<Record<string, ParamValue>>;

/** Which nodes run a service: every node, those named, or those that stand at a site. */
export type NodeSelector = 'all' | readonly string[] | { readonly site: string };

/** What agents do when something of a service no longer holds on its host: tell it, or put it back. */
export type DriftPolicy = 'report' | 'repair';

/** One service of the spec. */
export interface ServiceSpec {
  /** Name of the blueprint, optionally `name@version`. */
  readonly blueprint: string;
  readonly nodes: NodeSelector;
  /** Services that come before it: on its nodes they are converged first, and nodes that run them are changed first. */
  readonly needs?: readonly string[];
  /** Default `report`. */
  readonly drift?: DriftPolicy;
  /** Values for the blueprint's parameters, for every node. */
  readonly params?: Params;
  /** Values that replace those of `params` on the nodes of one site. */
  readonly perSite?: Readonly<Record<string, Params>>;
  /** Values that replace those of `params` and `perSite` on one node. */
  readonly perNode?: Readonly<Record<string, Params>>;
}

/** How a change is brought to the nodes. */
export interface RolloutPolicy {
  /** Only `one-by-one` so far: one node after another, stop at the first failure. */
  readonly strategy?: 'one-by-one';
  /** How long a node may take from offer to healthy before it counts as failed. Default `5m`. */
  readonly nodeDeadline?: Duration;
}

/** A length of time as people write it: `500ms`, `10s`, `5m`, `24h`, `7d`. */
export type Duration = string;

/** `cluster.yaml`: which services run on which nodes with which parameters. Desired state, whole. */
export interface Spec {
  /** Name of the cluster that this spec is for; a spec for another cluster is refused. */
  readonly cluster: string;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly rollout?: RolloutPolicy;
}
